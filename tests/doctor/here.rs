//! Trouble on this machine.

use bailiwick::cli::demo::world::World;

use crate::world::{Seen, doctor, doctor_with, stop, world};

async fn with_policy(world: &mut World, text: Option<&str>) -> Seen {
    if let Some(text) = text {
        std::fs::write(world.directory().join("policy.yaml"), text).expect("room for a file");
    }
    "policy: policy.yaml\n".clone_into(&mut world.configuration);
    doctor(world).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_is_not_there_or_cannot_be_read() {
    let mut world = world().await;
    let missing = with_policy(&mut world, None).await;
    missing.just("PROBLEM", "policy.yaml: does not exist");
    let odd = with_policy(&mut world, Some("rules: [\u{7}\n")).await;
    odd.just("PROBLEM", "policy");
    let fine = with_policy(&mut world, Some("severity: {}\n")).await;
    assert_eq!(fine.status, 0, "{}", fine.out);
    fine.line("ok", "policy.yaml is readable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_without_kustomize() {
    let world = world().await;
    let seen = doctor_with(&world, str::to_owned, |command| {
        command.env("PATH", world.directory());
    })
    .await;
    let line = seen.just("warning", "neither kustomize nor kubectl is on the PATH");
    assert!(line.contains("install kustomize 5"), "{line}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_kustomize() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = world().await;
    let bin = world.directory().join("bin");
    std::fs::create_dir(&bin).expect("room for a folder");
    let program = bin.join("kustomize");
    std::fs::write(&program, "#!/bin/sh\necho '{Version:kustomize/v4.5.7 GitCommit:56d8}'\n").expect("room");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("ours");
    let seen = doctor_with(&world, str::to_owned, |command| {
        command.env("PATH", &bin);
    })
    .await;
    seen.just("warning", "v4.5.7");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_another_program_has() {
    let mut world = world().await;
    stop(&mut world).await;
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (address, taken) = (world.address.to_string(), other.local_addr().expect("an address").to_string());
    let seen = doctor_with(&world, |text| text.replacen(&address, &taken, 1), |_| {}).await;
    seen.just("warning", "another program has");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_cannot_be_read() {
    let world = world().await;
    let odd = doctor_with(&world, |text| text.replace("branch: main", "brunch: main"), |_| {}).await;
    assert_eq!((odd.status, odd.out.as_str()), (2, ""));
    assert!(odd.err.contains("brunch"), "{}", odd.err);
    let secret = doctor_with(&world, |text| text.replace("{file: app.pem}", "{env: NO_SUCH_KEY}"), |_| {}).await;
    assert_eq!(secret.status, 2);
    assert!(secret.err.contains("NO_SUCH_KEY"), "{}", secret.err);
}

/// What the demo writes is for its owner only.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demos_secrets_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = world().await;
    for name in ["app.pem", "webhook-secret", "kubeconfig"] {
        let metadata = std::fs::metadata(world.directory().join(name)).expect("written");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
}
