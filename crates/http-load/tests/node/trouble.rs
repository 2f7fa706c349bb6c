//! Services that fail, hang, stream or close connections.

use stanch_http_load::{Load, Plan, Request, answers};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::service::Service;
use crate::{check, ms, plan};

/// A port on which nothing listens.
async fn dead_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

#[tokio::test]
async fn server_errors_are_counted_by_status() {
    check(
        "/broken",
        10,
        |plan| plan,
        |report, stats| {
            assert_eq!(
                (report.errors(), report.completed()),
                (stats.requests, stats.requests)
            );
            assert_eq!(stats.connections, 10);
            assert!(report.only_errors(), "{report:?}");
            let count = report.errors();
            assert_eq!(
                report.to_string(),
                format!("0 of {count} requests succeeded: {count} × status 500")
            );
        },
    )
    .await;
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_with_pauses() {
    let request = Request::new("GET", &dead_url().await).unwrap();
    let load = Load::new(Plan {
        requests: vec![request],
        ..Plan::default()
    })
    .unwrap();
    load.run_for(ms(200)).await;
    let report = load.report();
    assert!((20..=60).contains(&report.refused), "{report:?}");
    assert_eq!((report.completed(), report.errors()), (0, report.refused));
    assert!(report.only_errors() && load.rate() == 0.0, "{report:?}");
}

#[tokio::test]
async fn an_event_stream_is_left_as_a_client_leaves() {
    check(
        "/events",
        2,
        |plan| Plan {
            hold: ms(50),
            ..plan
        },
        |report, stats| {
            assert!(report.left >= 4 && report.bytes > 0, "{report:?}");
            assert_eq!(
                (report.left, report.left, report.errors()),
                (report.completed(), stats.connections, 0)
            );
            assert!(
                stats.left > 0 && report.succeeded() == report.left,
                "{stats:?}"
            );
        },
    )
    .await;
}

#[tokio::test]
async fn a_request_without_answer_is_dropped_after_the_timeout() {
    check(
        "/hang",
        4,
        |plan| Plan {
            timeout: ms(100),
            ..plan
        },
        |report, stats| {
            assert!(report.timeouts >= 8, "{report:?}");
            assert_eq!(
                (report.errors(), report.completed()),
                (report.timeouts, stats.requests)
            );
            assert!(stats.left > 0 && report.latency.p50 >= ms(99), "{report:?}");
        },
    )
    .await;
}

#[tokio::test]
async fn a_run_ends_in_time_though_nothing_answers() {
    check(
        "/hang",
        4,
        |plan| plan,
        |report, stats| {
            assert_eq!((report.cut, report.completed(), report.errors()), (4, 4, 0));
            assert_eq!(stats.requests, 4);
            assert!(report.elapsed < ms(1000), "{report:?}");
        },
    )
    .await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_a_reset() {
    check(
        "/torn",
        2,
        |plan| plan,
        |report, _| {
            assert!(report.reset >= 4, "{report:?}");
            assert_eq!((report.completed(), report.errors()), (0, report.reset));
        },
    )
    .await;
}

#[tokio::test]
async fn connections_that_end_with_their_answer_are_no_error() {
    check(
        "/last",
        2,
        |plan| plan,
        |report, stats| {
            assert_eq!(
                (report.completed(), report.errors()),
                (stats.connections, 0)
            );
            assert!(report.completed() > 20, "{report:?}");
        },
    )
    .await;
}

#[tokio::test]
async fn a_request_that_crosses_with_the_end_of_its_connection_is_sent_again() {
    check(
        "/crossing",
        2,
        |plan| plan,
        |report, stats| {
            assert_eq!(
                (report.completed(), report.errors()),
                (stats.connections, 0)
            );
            assert!(stats.requests > stats.connections + 10, "{stats:?}");
        },
    )
    .await;
}

#[tokio::test]
async fn connections_closed_between_two_runs_are_no_error() {
    let Some(mut service) = Service::start().await else {
        return;
    };
    let post = Request::new("POST", &service.url("/ok"))
        .unwrap()
        .with_body(b"x".to_vec());
    let load = Load::new(Plan {
        requests: vec![post],
        ..plan(&service, "/ok", 5)
    })
    .unwrap();
    load.run_for(ms(100)).await;
    service.close_idle().await;
    load.run_for(ms(100)).await;
    let (report, stats) = (load.report(), service.stats().await);
    assert_eq!((report.errors(), stats.connections), (0, 10));
    assert_eq!(report.completed(), stats.requests);
}

#[tokio::test]
async fn whoever_speaks_http_answers() {
    assert!(!answers(&dead_url().await).await);
    assert!(!answers("https://127.0.0.1/").await);
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", other.local_addr().unwrap());
    let talk = async {
        other
            .accept()
            .await
            .unwrap()
            .0
            .write_all(b"220 mail\r\n")
            .await
    };
    let (answered, _) = tokio::join!(answers(&url), talk);
    assert!(!answered);
    let Some(service) = Service::start().await else {
        return;
    };
    assert!(answers(&service.url("/broken")).await);
    assert!(answers(&service.url("/events")).await);
}
