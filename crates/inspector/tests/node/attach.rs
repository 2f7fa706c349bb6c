//! Attaching to what runs already: inspectors we open are closed again, others stay, wrong targets are refused.

use stanch_inspector::{AllowRemote, Disconnect, InspectorError, Session, Target, attach};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::{Outcome, SERVER, available, launched, lives, until};

/// A Node process that was not started by us; none where there is no Node.
async fn stranger(
    options: &[&str],
    script: &str,
) -> Result<Option<(Child, u32)>, Box<dyn std::error::Error>> {
    if !available() {
        return Ok(None);
    }
    let mut command = Command::new("node");
    command
        .args(options)
        .arg("-e")
        .arg(format!("{script};console.log('up')"));
    let stdio = std::process::Stdio::piped;
    let mut child = command
        .stdout(stdio())
        .stderr(stdio())
        .kill_on_drop(true)
        .spawn()?;
    let output = child.stdout.take().ok_or("no stdout")?;
    BufReader::new(output).lines().next_line().await?;
    let pid = child.id().ok_or("no pid")?;
    Ok(Some((child, pid)))
}

async fn by_pid(pid: u32) -> Result<Session, InspectorError> {
    attach(&Target::Pid(pid), AllowRemote::No).await
}

async fn refusal(text: &str) -> String {
    let attached = match Target::parse(text) {
        Ok(target) => attach(&target, AllowRemote::No).await,
        Err(error) => Err(error),
    };
    attached.map_or_else(
        |error| error.to_string(),
        |session| format!("attached {session:?}"),
    )
}

fn port_of(session: &Session) -> String {
    session.address()
}

async fn until_closed(address: &str) -> Result<(), InspectorError> {
    until("the inspector's port to close", async || {
        Ok(TcpStream::connect(address).await.is_err().then_some(()))
    })
    .await
}

#[tokio::test]
async fn an_inspector_we_opened_is_closed_on_every_way_out() -> Outcome {
    let Some((_child, pid)) = stranger(&["--inspect-port=0"], SERVER).await? else {
        return Ok(());
    };
    let session = by_pid(pid).await?;
    assert_eq!(
        (session.pid(), session.versions().await?.pid),
        (Some(pid), pid)
    );
    session.collections().await?;
    let address = port_of(&session);
    session.close().await;
    until_closed(&address).await?;

    let dropped = by_pid(pid).await?;
    let address = port_of(&dropped);
    drop(dropped);
    until_closed(&address).await?;

    // A runtime that ends, as after Ctrl-C: nothing can be awaited any more.
    let address = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .ok()?;
        let session = runtime.block_on(by_pid(pid)).ok()?;
        let address = port_of(&session);
        drop(runtime);
        Some(address)
    });
    let address = address.join().ok().flatten().ok_or("could not attach")?;
    until_closed(&address).await?;
    assert!(lives(pid));
    by_pid(pid).await?.close().await;
    Ok(())
}

#[tokio::test]
async fn an_inspector_of_others_stays_open() -> Outcome {
    let Some(service) = launched("setInterval(()=>{},1000)").await? else {
        return Ok(());
    };
    let session = by_pid(service.pid()).await?;
    assert_eq!(port_of(&session), service.app_endpoint().address());
    session.close().await;
    let again = attach(
        &Target::parse(&service.app_endpoint().address())?,
        AllowRemote::No,
    )
    .await?;
    assert_eq!(again.pid(), Some(service.pid()));
    assert!(again.memory().await?.rss > 0);
    Ok(())
}

#[tokio::test]
async fn what_is_no_inspector_is_refused_with_a_way_out() -> Outcome {
    assert!(
        refusal(&std::process::id().to_string())
            .await
            .contains("is not Node")
    );
    assert!(
        refusal("4194304")
            .await
            .contains("there is no process 4194304")
    );
    assert!(
        refusal("192.0.2.1:9229")
            .await
            .contains("ssh -L 9229:127.0.0.1:9229 192.0.2.1")
    );
    assert!(
        refusal("ws://192.0.2.1:9229/5ec-ret")
            .await
            .contains("ssh -L")
    );
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    drop(listener);
    assert!(
        refusal(&address)
            .await
            .contains("was it started with --inspect")
    );
    let Some(service) = launched(SERVER).await? else {
        return Ok(());
    };
    let ports = until("a port", async || {
        Ok(Some(service.listening_ports().await).filter(|p| !p.is_empty()))
    })
    .await?;
    let wrong = refusal(&ports[0].address.to_string()).await;
    assert!(
        wrong.contains("does not speak the inspector protocol"),
        "{wrong}"
    );
    let stale = refusal(&format!(
        "ws://{}/5ec-ret",
        service.app_endpoint().address()
    ))
    .await;
    assert!(
        stale.contains("does not speak") && !stale.contains("5ec-ret"),
        "{stale}"
    );
    Ok(())
}

#[tokio::test]
async fn a_process_with_its_own_handler_lives_on() -> Outcome {
    let script = "process.on('SIGUSR1',()=>{});setInterval(()=>{},1000)";
    let Some((_child, pid)) = stranger(&["--inspect-port=0"], script).await? else {
        return Ok(());
    };
    let error = by_pid(pid).await.err();
    assert!(
        matches!(error, Some(InspectorError::SignalIgnored { .. })),
        "{error:?}"
    );
    assert!(lives(pid));
    Ok(())
}

#[tokio::test]
async fn a_port_in_use_is_named_before_any_signal() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let options = format!("--inspect-port={port}");
    let Some((_child, pid)) = stranger(&[&options], SERVER).await? else {
        return Ok(());
    };
    let error = by_pid(pid)
        .await
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    let expected = format!(
        "port {port}, which process {} already uses",
        std::process::id()
    );
    assert!(error.contains(&expected), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_socket_cut_in_the_middle_is_told_from_an_exit() -> Outcome {
    let Some(service) = launched("setInterval(()=>{},1000)").await? else {
        return Ok(());
    };
    let (address, cut) = wire_to(service.app_endpoint().address()).await?;
    let session = attach(&Target::parse(&address)?, AllowRemote::No).await?;
    assert!(session.memory().await?.rss > 0);
    let stop = |_| {
        cut.send_replace(true);
    };
    let error = session
        .take_snapshot(|_| Ok::<_, std::convert::Infallible>(()), stop)
        .await
        .err();
    let why = error.as_ref().map(ToString::to_string).unwrap_or_default();
    assert_eq!(
        why,
        "the inspector's socket was closed while taking a heap snapshot"
    );
    assert_eq!(session.disconnected().await, Disconnect::SocketClosed);
    assert!(lives(service.pid()));
    Ok(())
}

/// A port that forwards to another until it is cut.
async fn wire_to(address: String) -> std::io::Result<(String, watch::Sender<bool>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let own = listener.local_addr()?.to_string();
    let (cut, is_cut) = watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            let (address, mut is_cut) = (address.clone(), is_cut.clone());
            tokio::spawn(async move {
                let Ok(mut there) = TcpStream::connect(address).await else {
                    return;
                };
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut here, &mut there) => {}
                    _ = is_cut.wait_for(|cut| *cut) => {}
                }
            });
        }
    });
    Ok((own, cut))
}
