use crate::world::*;
use base64::Engine as _;
use std::path::Path;
use tokio::process::Command;

async fn git(directory: &Path, token: &str, args: &[&str]) -> (bool, String) {
    let mut command = Command::new("git");
    command.current_dir(directory).env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_GLOBAL", "/dev/null");
    if !token.is_empty() {
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{token}"));
        command.arg("-c").arg(format!("http.extraHeader=Authorization: Basic {basic}"));
    }
    command.args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(args);
    let output = command.output().await.expect("git runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test]
async fn a_clone_needs_a_token_that_reaches_the_repository() {
    let world = World::new().await;
    let (number, _) = world.pull().await;
    let directory = tempfile::tempdir().unwrap();
    let url = format!("{}/{REPO}.git", world.github.base_url());
    let (done, text) = git(directory.path(), "", &["clone", &url, "none"]).await;
    assert!(!done, "{text}");
    let (done, _) = git(directory.path(), &world.user("mallory"), &["clone", &url, "none"]).await;
    assert!(!done);
    let token = world.token().await;
    let (done, text) = git(directory.path(), &token, &["clone", &url, "fine"]).await;
    assert!(done, "{text}");
    assert_eq!(std::fs::read_to_string(directory.path().join("fine/cluster/a.yaml")).unwrap(), "a: 1\n");
    let head = format!("refs/pull/{number}/head");
    let (done, text) = git(&directory.path().join("fine"), &token, &["fetch", "origin", &head]).await;
    assert!(done, "{text}");
    let sha = world.main().await;
    let (done, text) = git(directory.path(), &token, &["clone", "--depth", "1", &url, "shallow"]).await;
    assert!(done, "{text}");
    let (done, text) = git(&directory.path().join("shallow"), &token, &["fetch", "origin", &sha]).await;
    assert!(done, "any commit may be wanted: {text}");
    world.github.set_private(REPO, false).unwrap();
    assert!(git(directory.path(), "", &["clone", &url, "public"]).await.0);
}

#[tokio::test]
async fn a_push_needs_write_and_moves_pull_requests() {
    let world = World::new().await;
    let (number, before) = world.pull().await;
    let directory = tempfile::tempdir().unwrap();
    let url = format!("{}/{REPO}.git", world.github.base_url());
    let alice = world.user("alice");
    assert!(git(directory.path(), &alice, &["clone", "-b", "change", &url, "work"]).await.0);
    let work = directory.path().join("work");
    std::fs::write(work.join("new.txt"), "new\n").unwrap();
    git(&work, "", &["add", "."]).await;
    git(&work, "", &["commit", "-m", "New"]).await;
    let (done, text) = git(&work, &world.user("bob"), &["push", "origin", "change"]).await;
    assert!(!done, "{text}");
    assert_eq!(world.github.pull(REPO, number).unwrap().head_sha, before);
    let (done, text) = git(&work, &alice, &["push", "origin", "change"]).await;
    assert!(done, "{text}");
    let pull = world.github.pull(REPO, number).unwrap();
    assert_ne!(pull.head_sha, before);
    assert_eq!(Some(&pull.head_sha), world.github.branch_tip(REPO, "change").await.as_ref());
    world.github.webhooks_settled().await;
    let (done, _) = git(&work, &alice, &["push", "origin", "change:refs/pull/1/head", "-f"]).await;
    assert!(done);
    let reference = world.get(&repo("/git/ref/pull/1/head"), &world.token().await).await;
    assert_eq!(reference.body["object"]["sha"], json!(pull.head_sha));
}
