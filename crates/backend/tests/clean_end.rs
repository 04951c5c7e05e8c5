//! What is left of an instance that was shut down: nothing. In a file of its own, because the
//! whole process is counted.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Operator, Seen, Socket, config};
use condorito_backend::{Backend, Config, Demo, NewTenant};

const ANA: &str = "5491155550001";

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn database_threads() -> usize {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .filter(|name| name.starts_with("backend-databas"))
        .count()
}

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// One instance with traffic, a socket and a restart, from start to shutdown.
async fn live_once() {
    let demo = Demo { messages_per_minute: 6000.0, ..Demo::default() };
    let backend = Backend::start(Config { demo: Some(demo), ..config() }).await.unwrap();
    backend.add_tenant(NewTenant::new("UNO", "secreto1")).await.unwrap();
    backend.restart().await.unwrap();
    let operator = Operator::sign_in(&backend, "UNO").await;
    let (mut socket, _) = Socket::join(&backend, &operator).await;
    backend.inject_message("UNO", ANA, "Ana", "hola").await.unwrap();
    socket.expect("message:new").await;
    assert_eq!(database_threads(), 1);
    let address = backend.address();
    backend.shutdown().await;
    assert_eq!(database_threads(), 0);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    while !matches!(socket.next().await, Seen::Ended(_)) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_leaves_nothing_behind() {
    // given: what the first one leaves for good, such as the resolver's threads
    live_once().await;
    let (files, left) = (open_files(), tasks());
    // when
    for _ in 0..5 {
        live_once().await;
    }
    // then: the clients may be a little late in closing; five instances would leave dozens
    assert!(open_files() <= files + 4, "{} open files, {files} before", open_files());
    assert!(tasks() <= left + 4, "{} tasks, {left} before", tasks());
}
