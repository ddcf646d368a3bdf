//! Nothing is wrong, and nothing is changed.

use http::Method;

use crate::world::{doctor, files, pause, stable, stop, world};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_world_has_nothing_to_do() {
    let world = world().await;
    let seen = doctor(&world).await;
    assert_eq!((seen.status, seen.err.as_str()), (0, ""), "{}", seen.out);
    let text = stable(&world, &seen.out);
    // How many there were of these is the server's business.
    let counts = |line: &str| line.starts_with("ok       jobs: ") || line.starts_with("ok       deliveries: ");
    let kept: Vec<&str> = text.lines().filter(|line| !counts(line)).collect();
    assert_eq!(kept.len() + 2, text.lines().count(), "{text}");
    insta::assert_snapshot!(kept.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_changed_anywhere() {
    let mut world = world().await;
    stop(&mut world).await;
    pause(&world).await;
    world.write_configuration().expect("a configuration");
    let objects = || ["Secret", "GitRepository", "Kustomization", "Namespace"].map(|kind| world.cluster.list(kind, ""));
    let (before, objects_before) = (files(world.directory()), objects());
    let comments = world.github.comments_by("bailiwick[bot]").len();
    world.github.clear_request_log();

    let seen = doctor(&world).await;
    assert_eq!(seen.status, 0, "{}", seen.out);
    seen.line("ok", "is free");

    assert_eq!(files(world.directory()), before, "no file is made, changed or removed");
    assert_eq!(objects(), objects_before);
    assert_eq!(world.github.comments_by("bailiwick[bot]").len(), comments);
    let log = world.github.request_log();
    assert!(log.len() > 8, "{log:?}");
    for request in log {
        let asks = request.method == Method::GET.as_str()
            || request.path.ends_with("/access_tokens")
            || request.path.ends_with("/git-upload-pack");
        assert!(asks, "{request:?}");
    }
}
