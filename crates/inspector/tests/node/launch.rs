//! Starting commands: which inspectors are found, what is heard of them, and that nothing stays behind.

use std::time::{Duration, Instant};

use stanch_inspector::{InspectorError, Launch};

use crate::{Outcome, SERVER, available, folder_with, launched, lives, until};

async fn error_of(launch: Launch) -> String {
    match launch.start().await {
        Ok(service) => format!("started {service:?}"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_service_has_ports_lines_and_an_end() -> Outcome {
    let script = format!("console.log('up');console.error('warned');{SERVER}");
    let Some(service) = launched(&script).await? else {
        return Ok(());
    };
    let ports = until("a port", async || {
        Ok(Some(service.listening_ports().await).filter(|p| !p.is_empty()))
    })
    .await?;
    assert_eq!((ports.len(), ports[0].pid), (1, service.pid()));
    let inspectors = service.endpoints();
    assert!(
        inspectors.len() == 1 && inspectors[0].port() != ports[0].port(),
        "{inspectors:?}"
    );
    assert_eq!(inspectors[0].pid(), Some(service.pid()));
    let mut output = service.output();
    let (first, second) = (
        output.next().await.ok_or("no line")?,
        output.next().await.ok_or("one line")?,
    );
    let mut lines = [first.text, second.text];
    lines.sort();
    assert_eq!(lines, ["up", "warned"]);
    assert_eq!(service.last_lines().len(), 2, "{:?}", service.last_lines());
    assert_eq!(service.exited(), None);
    service.stop().await;
    assert!(service.exited().is_some() && !lives(service.pid()));
    assert_eq!(output.next().await, None);
    Ok(())
}

#[tokio::test]
async fn a_shell_is_looked_through() -> Outcome {
    if !available() {
        return Ok(());
    }
    let folder = folder_with(SERVER)?;
    let launch = Launch::new("sh")
        .args(["-c", "node service.js; true"])
        .cwd(folder.path());
    let service = launch.env("NODE_OPTIONS", "--no-warnings").start().await?;
    let node = service.app_endpoint().pid().ok_or("no pid")?;
    assert!(node != service.pid() && lives(node));
    let session = service.attach().await?;
    assert_eq!(
        session.evaluate("process.env.NODE_OPTIONS").await?,
        "--no-warnings --inspect=127.0.0.1:0"
    );
    drop(service);
    until("the end of the group", async || {
        Ok((!lives(node)).then_some(()))
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn behind_a_package_manager_the_serving_process_is_chosen() -> Outcome {
    if !available()
        || std::process::Command::new("npm")
            .arg("--version")
            .output()
            .is_err()
    {
        return Ok(());
    }
    let folder = folder_with(SERVER)?;
    std::fs::write(
        folder.path().join("package.json"),
        r#"{"scripts":{"start":"node service.js"}}"#,
    )?;
    let service = Launch::new("npm")
        .arg("start")
        .cwd(folder.path())
        .start()
        .await?;
    let ports = until("a port", async || {
        Ok(Some(service.listening_ports().await).filter(|p| !p.is_empty()))
    })
    .await?;
    assert!(service.endpoints().len() >= 2, "{:?}", service.endpoints());
    assert_eq!(service.app_endpoint().pid(), Some(ports[0].pid));
    let pids: Vec<u32> = service
        .endpoints()
        .iter()
        .filter_map(stanch_inspector::Endpoint::pid)
        .collect();
    service.stop().await;
    assert!(
        pids.len() >= 2 && !pids.iter().copied().any(lives),
        "{pids:?}"
    );
    Ok(())
}

#[tokio::test]
async fn cluster_workers_are_announced_too() -> Outcome {
    let script = "const c=require('cluster');if(c.isPrimary){c.fork();c.fork()}else{setInterval(()=>{},1000)}";
    let Some(service) = launched(script).await? else {
        return Ok(());
    };
    // Workers count their ports up from the first's, and one of those may be taken: two of three will do.
    let endpoints = until("two inspectors", async || {
        Ok(Some(service.endpoints()).filter(|endpoints| endpoints.len() >= 2))
    })
    .await?;
    let mut pids: Vec<_> = endpoints
        .iter()
        .map(stanch_inspector::Endpoint::pid)
        .collect();
    pids.sort_unstable();
    pids.dedup();
    assert!(pids.len() >= 2 && pids[0].is_some(), "{endpoints:?}");
    assert!(service.listening_ports().await.is_empty());
    Ok(())
}

#[tokio::test]
async fn what_does_not_start_says_why() -> Outcome {
    assert!(
        error_of(Launch::new("no-such-command-here"))
            .await
            .contains("no command `no-such-command-here`")
    );
    assert!(
        error_of(Launch::new("sh").cwd("/no/such/folder"))
            .await
            .contains("could not be started")
    );
    let early =
        error_of(Launch::new("sh").args(["-c", "echo to stdout; echo to stderr >&2; exit 3"]))
            .await;
    for part in ["exit status: 3", "  to stdout", "  to stderr"] {
        assert!(early.contains(part), "{early}");
    }
    assert!(
        error_of(Launch::new("sh").args(["-c", "exit 0"]))
            .await
            .contains("it printed nothing")
    );
    Ok(())
}

#[tokio::test]
async fn a_script_that_fails_shows_its_last_lines() -> Outcome {
    if !available() {
        return Ok(());
    }
    let folder = folder_with("setTimeout(()=>{throw new Error('boom')},50)")?;
    let service = Launch::new("node")
        .arg("service.js")
        .cwd(folder.path())
        .start()
        .await?;
    assert_eq!(
        service.exit().await.and_then(|status| status.code()),
        Some(1)
    );
    until("its last lines", async || {
        Ok(service
            .last_lines()
            .iter()
            .any(|line| line == "Error: boom")
            .then_some(()))
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_service_that_ignores_sigterm_is_killed() -> Outcome {
    let Some(service) = launched("process.on('SIGTERM',()=>{});setInterval(()=>{},1000)").await?
    else {
        return Ok(());
    };
    let started = Instant::now();
    service.stop().await;
    let took = started.elapsed();
    assert!(
        took >= Duration::from_secs(2) && took < Duration::from_secs(4) && !lives(service.pid()),
        "{took:?}"
    );
    Ok(())
}

#[tokio::test]
async fn an_attached_service_still_stops_at_once() -> Outcome {
    let script = "process.on('SIGTERM',()=>process.exit(0));setInterval(()=>{},1000)";
    let Some(service) = launched(script).await? else {
        return Ok(());
    };
    let session = crate::attached(&service).await?;
    service.stop().await;
    assert_eq!(
        service.exited().and_then(|status| status.code()),
        Some(0),
        "ended by itself, not held by us"
    );
    assert!(matches!(
        session.memory().await,
        Err(InspectorError::Disconnected { .. })
    ));
    Ok(())
}
