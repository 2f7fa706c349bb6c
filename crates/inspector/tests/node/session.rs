//! Sessions with real Node processes: memory, collection, snapshots, sampling, scripts, workers, sudden ends.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use crate::{Outcome, Running, SERVER, attached, launched, until};
use stanch_inspector::{Disconnect, Exposure, InspectorError, Session, SnapshotProgress};

async fn session_of(script: &str) -> Result<Option<(Running, Session)>, InspectorError> {
    let Some(service) = launched(script).await? else {
        return Ok(None);
    };
    let session = attached(&service).await?;
    Ok(Some((service, session)))
}

#[tokio::test]
async fn memory_follows_what_the_process_keeps() -> Outcome {
    let script = "globalThis.kept=[]; globalThis.keep=n=>{for(let i=0;i<n;i++)kept.push({i})}; setInterval(()=>{},1000)";
    let Some((service, session)) = session_of(script).await? else {
        return Ok(());
    };
    assert_eq!(session.exposure(), Exposure::Loopback);
    let versions = session.versions().await?;
    assert_eq!(Some(versions.pid), session.pid());
    assert!(versions.node.starts_with('v') && !versions.v8.is_empty() && !versions.arch.is_empty());
    let before = session.collect_garbage().await?;
    assert!((2..=3).contains(&before.collections), "{before:?}");
    session.evaluate("keep(200000)").await?;
    let after = session.collect_garbage().await?;
    let grown = after.heap_used - before.heap_used;
    // An object with one field is 28 to 56 bytes, and 4 to 8 more in the array.
    assert!((5_000_000..16_000_000).contains(&grown), "{grown}");
    let memory = session.memory().await?;
    assert!(
        memory.rss > memory.heap_total && memory.heap_total >= memory.heap_used,
        "{memory:?}"
    );
    assert!(
        memory.heap_used.abs_diff(after.heap_used) < 1_000_000,
        "{memory:?} {after:?}"
    );
    assert!(session.heap_limit().await? > memory.heap_total);
    session.close().await;
    service.stop().await;
    assert!(service.exited().is_some());
    Ok(())
}

#[tokio::test]
async fn a_snapshot_is_streamed_whole() -> Outcome {
    let Some((service, session)) =
        session_of("class Marked{}; globalThis.m=new Marked(); setInterval(()=>{},1000)").await?
    else {
        return Ok(());
    };
    let headroom = session.headroom().await?;
    assert!(headroom.is_enough(), "{headroom:?}");
    let mut text = Vec::new();
    let mut counted = 0;
    let mut streamed = 0;
    let keep = |bytes: &[u8]| {
        text.extend_from_slice(bytes);
        Ok::<_, Infallible>(())
    };
    let progress = |step| match step {
        SnapshotProgress::Counting { done, .. } => counted = done,
        SnapshotProgress::Streaming { bytes } => streamed = bytes,
    };
    let taken = session.take_snapshot(keep, progress).await?;
    let snapshot: serde_json::Value = serde_json::from_slice(&text)?;
    let nodes = snapshot["snapshot"]["node_count"]
        .as_u64()
        .ok_or("no node_count")?;
    assert!(
        nodes.abs_diff(taken.nodes) < nodes / 5,
        "announced {}, written {nodes}",
        taken.nodes
    );
    assert_eq!(
        (taken.bytes, streamed, counted),
        (text.len() as u64, text.len() as u64, taken.nodes)
    );
    assert!(
        headroom.estimated_nodes > taken.nodes,
        "{headroom:?} {taken:?}"
    );
    assert!(text.windows(8).any(|window| window == b"\"Marked\""));
    let second = session
        .take_snapshot(|_| Ok::<_, Infallible>(()), |_| ())
        .await?;
    assert!(
        second.nodes.abs_diff(taken.nodes) < taken.nodes / 10,
        "{second:?} {taken:?}"
    );
    session.close().await;
    drop(service);
    Ok(())
}

#[tokio::test]
async fn a_failing_receiver_ends_the_snapshot_but_not_the_session() -> Outcome {
    let Some((_service, session)) = session_of("setInterval(()=>{},1000)").await? else {
        return Ok(());
    };
    let full = |_: &[u8]| Err(std::io::Error::other("disk full"));
    let error = session.take_snapshot(full, |_| ()).await;
    assert!(
        matches!(&error, Err(InspectorError::Sink { source }) if source.to_string() == "disk full"),
        "{error:?}"
    );
    assert!(session.memory().await?.rss > 0);
    let taken = session
        .take_snapshot(|_| Ok::<_, Infallible>(()), |_| ())
        .await?;
    assert!(taken.bytes > 100_000);
    Ok(())
}

#[tokio::test]
async fn collection_time_is_counted() -> Outcome {
    let script = "globalThis.churn=()=>{let x;for(let i=0;i<3e6;i++)x=[i];return x}; setInterval(()=>{},1000)";
    let Some((_service, session)) = session_of(script).await? else {
        return Ok(());
    };
    assert_eq!(session.collections().await?.count, 0);
    session.evaluate("void churn()").await?;
    let churned = session.collections().await?;
    assert!(
        churned.count > churned.major && churned.total > Duration::ZERO,
        "{churned:?}"
    );
    session.collect_garbage().await?;
    let collected = session.collections().await?;
    assert!(
        collected.major >= churned.major + 2 && collected.total > churned.total,
        "{collected:?}"
    );
    assert!(
        collected.total < Duration::from_secs(5),
        "microseconds, not milliseconds: {collected:?}"
    );
    Ok(())
}

#[tokio::test]
async fn sampling_names_the_function_that_allocates() -> Outcome {
    let script = "const kept=[]; globalThis.grow=function grow(){for(let i=0;i<1e5;i++)kept.push({i})}; setInterval(()=>{},1000)";
    let Some((service, session)) = session_of(script).await? else {
        return Ok(());
    };
    session.start_sampling(32 * 1024).await?;
    let other = attached(&service).await?;
    assert!(matches!(
        other.start_sampling(1024).await,
        Err(InspectorError::SamplerTaken)
    ));
    assert!(matches!(
        other.stop_sampling().await,
        Err(InspectorError::Refused { .. })
    ));
    session.evaluate("grow()").await?;
    let profile = session.sampling_profile().await?;
    let mut stack = vec![&profile.root];
    let mut found = None;
    while let Some(node) = stack.pop() {
        if node.frame.function == "grow" {
            found = Some(node.clone());
        }
        stack.extend(&node.children);
    }
    let found = found.ok_or("no frame named grow")?;
    assert!(
        found.self_size > 1_000_000 && found.total_size() >= found.self_size,
        "{found:?}"
    );
    assert!(
        found.frame.line == Some(0) && found.frame.column.is_some_and(|column| column > 30),
        "{found:?}"
    );
    assert!(session.stop_sampling().await?.root.total_size() > 1_000_000);
    other.start_sampling(1024).await?;
    Ok(())
}

#[tokio::test]
async fn scripts_have_urls_and_sources() -> Outcome {
    let Some((_service, session)) =
        session_of("setInterval(()=>{},1000)\n//# sourceMappingURL=x.map").await?
    else {
        return Ok(());
    };
    let scripts = session.scripts().await?;
    let ours = scripts
        .iter()
        .find(|script| script.url.ends_with("service.js"))
        .ok_or("no such script")?;
    assert_eq!(ours.source_map_url, "x.map");
    assert!(
        session
            .script_source(&ours.script_id)
            .await?
            .contains("sourceMappingURL")
    );
    assert!(matches!(
        session.script_source("123456").await,
        Err(InspectorError::Refused { .. })
    ));
    assert_eq!(session.scripts().await?.len(), scripts.len());
    Ok(())
}

#[tokio::test]
async fn a_worker_is_measured_like_the_main_thread() -> Outcome {
    let script = "const {Worker}=require('worker_threads');\
        new Worker('globalThis.a=[];for(let i=0;i<3e5;i++)a.push({i});\
        globalThis.leave=()=>new Promise(()=>setTimeout(()=>process.exit(),10));setInterval(()=>{},1000)',{eval:true,name:'counter'});\
        setInterval(()=>{},1000)";
    let Some((_service, session)) = session_of(script).await? else {
        return Ok(());
    };
    let workers = until("a worker", async || {
        session
            .workers()
            .await
            .map(|workers| (!workers.is_empty()).then_some(workers))
    })
    .await?;
    assert!(
        workers.len() == 1 && workers[0].title.contains("counter"),
        "{workers:?}"
    );
    let worker = session.worker(&workers[0].id).await?;
    until("the worker's script", async || {
        worker
            .evaluate("typeof leave")
            .await
            .map(|kind| (kind == "function").then_some(()))
    })
    .await?;
    let live = worker.collect_garbage().await?.heap_used;
    assert!(live > session.collect_garbage().await?.heap_used + 5_000_000);
    assert_eq!(
        worker.memory().await?.heap_used / 1_000_000,
        live / 1_000_000
    );
    worker.collections().await?;
    let taken = worker
        .take_snapshot(|_| Ok::<_, Infallible>(()), |_| ())
        .await?;
    assert!(taken.nodes > 300_000, "{taken:?}");
    worker.start_sampling(4096).await?;
    worker.stop_sampling().await?;
    assert!(!worker.scripts().await?.is_empty());
    worker.evaluate("void leave()").await?;
    let left = until("the worker's end", async || Ok(worker.memory().await.err())).await;
    let left: Result<(), _> = left.and_then(Err);
    assert!(
        matches!(
            left,
            Err(InspectorError::Disconnected {
                why: Disconnect::WorkerExited,
                ..
            })
        ),
        "{left:?}"
    );
    assert!(session.workers().await?.is_empty());
    assert!(matches!(
        session.worker(&workers[0].id).await,
        Err(InspectorError::NoSuchWorker { .. })
    ));
    assert!(matches!(
        worker.memory().await,
        Err(InspectorError::Disconnected {
            why: Disconnect::WorkerExited,
            ..
        })
    ));
    assert!(session.memory().await?.rss > 0);
    Ok(())
}

#[tokio::test]
async fn code_that_throws_is_an_error() -> Outcome {
    let Some((_service, session)) = session_of(SERVER).await? else {
        return Ok(());
    };
    let thrown = session
        .evaluate("(()=>{throw new TypeError('no')})()")
        .await;
    assert!(
        matches!(&thrown, Err(InspectorError::Threw { message, .. }) if message == "TypeError: no"),
        "{thrown:?}"
    );
    assert_eq!(
        session.evaluate("[1,{a:null}]").await?,
        serde_json::json!([1, {"a": null}])
    );
    assert_eq!(
        session.evaluate("undefined").await?,
        serde_json::Value::Null
    );
    Ok(())
}

#[tokio::test]
async fn an_exiting_process_is_not_held_and_says_so() -> Outcome {
    let Some((service, session)) = session_of(
        "globalThis.leave=()=>setTimeout(()=>process.exit(7),20);setInterval(()=>{},1000)",
    )
    .await?
    else {
        return Ok(());
    };
    session.evaluate("leave()&&1").await?;
    let started = Instant::now();
    assert_eq!(session.disconnected().await, Disconnect::TargetExited);
    assert_eq!(
        service.exit().await.and_then(|status| status.code()),
        Some(7)
    );
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    let late = session.memory().await.map_err(|error| error.to_string());
    assert_eq!(
        late,
        Err("the process exited while reading the memory usage".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn a_process_killed_in_the_middle_of_a_snapshot_is_reported() -> Outcome {
    let script = "globalThis.a=[];for(let i=0;i<4e5;i++)a.push({i});setInterval(()=>{},1000)";
    let Some((service, session)) = session_of(script).await? else {
        return Ok(());
    };
    let pid = nix::unistd::Pid::from_raw(i32::try_from(service.pid())?);
    let kill = |_| {
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
    };
    let error = session
        .take_snapshot(|_| Ok::<_, Infallible>(()), kill)
        .await
        .map_err(|error| error.to_string());
    assert_eq!(
        error.map(|_| ()),
        Err("the process exited while taking a heap snapshot".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn a_blocked_process_is_a_timeout_not_a_hang() -> Outcome {
    let Some(service) = launched("setInterval(()=>{},1000)").await? else {
        return Ok(());
    };
    let short = stanch_inspector::Timeouts {
        call: Duration::from_millis(200),
        ..Default::default()
    };
    let target = stanch_inspector::Target::from(service.app_endpoint());
    let session =
        stanch_inspector::attach_with(&target, stanch_inspector::AllowRemote::No, short).await?;
    let code = "{const end=Date.now()+700;while(Date.now()<end);}";
    let blocked = session.evaluate(code).await;
    assert!(
        matches!(blocked, Err(InspectorError::Timeout { .. })),
        "{blocked:?}"
    );
    // The late answer belongs to nobody; the session goes on.
    until("an answer", async || Ok(session.memory().await.ok())).await?;
    Ok(())
}
