//! Load on real Node.js servers: counts agree with the server's own, connections are kept, nothing hangs.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod service;
mod trouble;

use std::time::Duration;

use service::{Service, Stats};
use stanch_http_load::{Load, LoadReport, Pace, Plan, Request};

fn ms(length: u64) -> Duration {
    Duration::from_millis(length)
}

fn get(service: &Service, path: &str) -> Request {
    Request::new("GET", &service.url(path)).unwrap()
}

fn plan(service: &Service, path: &str, connections: usize) -> Plan {
    Plan {
        requests: vec![get(service, path)],
        connections,
        ..Plan::default()
    }
}

/// Drives a plan once, and asks both sides what happened. None where there is no Node.js.
async fn check(
    path: &str,
    connections: usize,
    change: impl FnOnce(Plan) -> Plan,
    expectation: impl FnOnce(&LoadReport, &Stats),
) {
    let Some(mut service) = Service::start().await else {
        return;
    };
    let load = Load::new(change(plan(&service, path, connections))).unwrap();
    load.run_for(ms(250)).await;
    let (report, stats) = (load.report(), service.stats().await);
    println!("{report}\n{report:?}\n{stats:?}");
    expectation(&report, &stats);
}

#[tokio::test]
async fn counts_agree_with_the_server_and_connections_are_kept_over_two_runs() {
    let Some(mut service) = Service::start().await else {
        return;
    };
    let load = Load::new(plan(&service, "/ok", 10)).unwrap();
    load.run_for(ms(150)).await;
    let first = load.report();
    assert!(first.completed() > 100 && load.rate() > 100.0, "{first:?}");
    load.run_for(ms(150)).await;
    let second = load.report();
    assert_eq!(
        service.stats().await,
        Stats {
            connections: 10,
            requests: second.completed(),
            left: 0
        }
    );
    assert!(
        second.completed() > first.completed() && second.errors() == 0,
        "{second:?}"
    );
    assert_eq!(
        (second.succeeded(), second.bytes),
        (second.completed(), 2 * second.completed())
    );
    assert!(
        second.elapsed >= ms(300) && second.elapsed < ms(1500),
        "{second:?}"
    );
    let latency = second.latency;
    assert!(
        ms(0) < latency.p50 && latency.p50 <= latency.p90 && latency.p99 <= latency.max,
        "{latency:?}"
    );
    load.close().await;
    load.run_for(ms(50)).await;
    assert_eq!(service.stats().await.connections, 20);
}

#[tokio::test]
async fn bodies_headers_and_numbers_arrive() {
    let Some(mut service) = Service::start().await else {
        return;
    };
    let post = Request::new("post", &service.url("/ok?n={seq}")).unwrap();
    let post = post.with_headers(vec![("X-Test".to_owned(), "yes".to_owned())]);
    let requests = vec![
        post.with_body(br#"{"n":{seq}}"#.to_vec()),
        get(&service, "/ok?r={rand}"),
    ];
    let load = Load::new(Plan {
        requests,
        connections: 1,
        ..Plan::default()
    })
    .unwrap();
    load.run_for(ms(100)).await;
    let seen = service.seen().await;
    assert_eq!(seen[0], r#"POST /ok?n=1 yes {"n":1}"#);
    assert_eq!(seen[2], r#"POST /ok?n=3 yes {"n":3}"#);
    assert!(
        seen[1].starts_with("GET /ok?r=") && seen[1] != seen[3],
        "{seen:?}"
    );
    assert_eq!(load.report().errors(), 0);
}

#[tokio::test]
async fn large_bodies_are_read_to_the_end() {
    check(
        "/large",
        4,
        |plan| plan,
        |report, _| {
            assert!(report.completed() > 4 && report.left < 5, "{report:?}");
            assert!(
                report.bytes >= (report.completed() - report.left) << 20,
                "{report:?}"
            );
        },
    )
    .await;
}

#[tokio::test]
async fn a_rate_is_kept_and_not_exceeded() {
    check(
        "/ok",
        10,
        |plan| Plan {
            pace: Pace::Rate(200.0),
            ..plan
        },
        |report, _| {
            assert!((40..=50).contains(&report.completed()), "{report:?}");
            assert_eq!(report.errors(), 0);
        },
    )
    .await;
}

#[tokio::test]
async fn waiting_for_a_free_connection_is_part_of_the_latency_of_a_rate() {
    // 20 ms each on one connection: of 100 requests per second every second one waits behind all before it.
    check(
        "/late",
        1,
        |plan| Plan {
            pace: Pace::Rate(100.0),
            ..plan
        },
        |report, _| {
            assert!(
                report.completed() <= 14 && report.latency.max > ms(80),
                "{report:?}"
            );
        },
    )
    .await;
}

#[tokio::test]
async fn the_load_can_be_read_while_it_runs() {
    let Some(service) = Service::start().await else {
        return;
    };
    let load = Load::new(plan(&service, "/ok", 2)).unwrap();
    let mut run = Box::pin(load.run_for(ms(10_000)));
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 4 || load.rate() == 0.0 {
        tokio::select! {
            () = &mut run => panic!("not a single request in all the time"),
            () = tokio::time::sleep(ms(10)) => seen.insert(load.report().completed()),
        };
    }
    drop(run);
    // What was under way ends with the next turn of the runtime.
    tokio::time::sleep(ms(20)).await;
    let stopped = load.report();
    tokio::time::sleep(ms(50)).await;
    assert_eq!(load.report(), stopped);
}

#[tokio::test]
async fn a_dropped_run_keeps_idle_connections() {
    let Some(mut service) = Service::start().await else {
        return;
    };
    let load = Load::new(Plan {
        pace: Pace::Rate(200.0),
        ..plan(&service, "/ok", 10)
    })
    .unwrap();
    load.run_for(ms(100)).await;
    assert!(
        tokio::time::timeout(ms(50), load.run_for(ms(10_000)))
            .await
            .is_err()
    );
    load.run_for(ms(100)).await;
    // Ten, and one more for each request that was under way when the run was dropped.
    let stats = service.stats().await;
    assert!((10..15).contains(&stats.connections), "{stats:?}");
}

#[tokio::test]
async fn each_origin_has_its_own_connections() {
    let (Some(mut one), Some(mut other)) = (Service::start().await, Service::start().await) else {
        return;
    };
    let requests = vec![get(&one, "/ok"), get(&other, "/ok"), get(&one, "/ok?again")];
    let load = Load::new(Plan {
        requests,
        connections: 2,
        ..Plan::default()
    })
    .unwrap();
    load.run_for(ms(150)).await;
    let (one, other) = (one.stats().await, other.stats().await);
    assert_eq!((one.connections, other.connections), (2, 2));
    assert_eq!(one.requests + other.requests, load.report().completed());
    assert!(one.requests > other.requests, "{one:?} {other:?}");
}
