//! Whoever drives futures never waits for Git: judged by what goes on meanwhile, not by a clock.

use std::sync::mpsc;
use std::time::Duration;

use super::*;

/// A slow reader: it has the mirror until it is told to let go.
fn occupy(mirror: &Mirror) -> (mpsc::Sender<()>, std::thread::JoinHandle<bool>) {
    let (shelf, (release, released), (taken, is_taken)) =
        (Arc::clone(mirror.shelf()), mpsc::channel(), mpsc::channel());
    let reader = std::thread::spawn(move || {
        let _reading = shelf.lock().unwrap();
        taken.send(()).unwrap();
        // Only a failing test waits this long, so that it ends.
        released.recv_timeout(Duration::from_secs(20)).is_ok()
    });
    is_taken.recv().unwrap();
    (release, reader)
}

#[test]
fn a_slow_reader_holds_up_no_other_future() {
    let world = World::new();
    world.write("a", "0");
    let root = world.push("main");
    world.write("a", "1");
    let first = world.push("main");
    world.fetch(&[&first]).unwrap();
    world.write("a", "2");
    let second = world.push("main");
    let (mirror, secret) = (world.mirror(), token());
    let remote = Remote { clone_url: &world.url, token: Some(&secret) };
    let (release, reader) = occupy(&mirror);

    // One thread for everything: were it to wait for the reader, it could not let it go.
    let single = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let wants = [second];
    let others = async {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            tokio::task::yield_now().await;
        }
        release.send(()).is_ok()
    };
    let (snapshot, fetched, parent, ancestor, has, rewritten, others) = single.block_on(async {
        tokio::join!(
            mirror.snapshot(&first),
            mirror.fetch(&remote, &wants),
            mirror.first_parent(&first),
            mirror.is_ancestor(&root, &first),
            mirror.has(&first),
            world.mirrors.rewrite_one(),
            others,
        )
    });
    assert!(others && reader.join().unwrap(), "the other futures went on while the reader had the mirror");
    assert_eq!(snapshot.unwrap().commit(), &first);
    assert_eq!(fetched.unwrap().objects, 3);
    assert_eq!((parent.unwrap(), ancestor.unwrap()), (Some(root), true));
    assert_eq!((has.unwrap(), rewritten.unwrap()), (true, None));
}

#[test]
fn a_slow_server_holds_up_neither_readers_nor_other_futures() {
    let world = World::new();
    world.write("a", "1");
    let first = world.push("main");
    world.fetch(&[&first]).unwrap();
    // A server that takes the request and says nothing until it is told to.
    let (open, gate) = tokio::sync::oneshot::channel::<()>();
    let listener = world.run(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/org/repo.git", listener.local_addr().unwrap());
    let gate = Arc::new(tokio::sync::Mutex::new(Some(gate)));
    let router = axum::Router::new().fallback(move || {
        let gate = Arc::clone(&gate);
        async move {
            if let Some(gate) = gate.lock().await.take() {
                gate.await.unwrap();
            }
            "no git"
        }
    });
    world.runtime.spawn(async move { axum::serve(listener, router).await });

    let single = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mirror, missing) = (world.mirror(), ["1".repeat(40).parse().unwrap()]);
    let remote = Remote { clone_url: &url, token: None };
    let meanwhile = async {
        let snapshot = mirror.snapshot(&first).await.unwrap();
        let read = tokio::task::spawn_blocking(move || snapshot.walk("").unwrap().files.len()).await.unwrap();
        open.send(()).unwrap();
        read
    };
    let (fetched, files) = single.block_on(async { tokio::join!(mirror.fetch(&remote, &missing), meanwhile) });
    assert_eq!(files, 1);
    assert!(matches!(fetched, Err(GitError::Protocol { .. })), "{fetched:?}");
}

/// The promise is kept by the lock itself: whoever forgets `spawn_blocking` hears of it at once.
#[test]
#[should_panic(expected = "Cannot block the current thread from within a runtime")]
fn reading_on_a_thread_that_drives_futures_panics() {
    let world = World::new();
    world.write("a", "1");
    let commit = world.push("main");
    world.fetch(&[&commit]).unwrap();
    let snapshot = world.snapshot(&commit).unwrap();
    let _ = world.run(async { snapshot.walk("") });
}
