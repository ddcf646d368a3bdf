//! `/waive`: a finding that stands for good reasons passes, as long as it is the same on the same object.

use std::time::Duration;

use super::files;
use super::later::Later;
use super::support::{ADMIN, ALICE, BOB, Page, TEAM1};

const COMMON: &str = "cluster/common/kustomization.yaml";
const ROLE: &str = "cluster/common/certificates.yaml";
const WAIVE: &str = "/waive rbac/read-secrets ClusterRole/certificates Certificates are kept in Secrets.";

/// A role that reads every Secret of the cluster.
fn role(verbs: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: certificates\nrules:\n  - apiGroups: \
         [\"\"]\n    resources: [secrets]\n    verbs: [{verbs}]\n"
    )
}

/// Bob asks for the role, and it is refused.
async fn refused(later: &Later) -> Page {
    let common = files::common(&["certificates.yaml"]);
    let pull = later.world.open(BOB, (ADMIN, "certificates"), &[(COMMON, &common), (ROLE, &role("get"))]).await;
    later.world.expect_check(&pull, "failure").await;
    pull
}

async fn waivers(later: &Later) -> Vec<String> {
    later.world.audit_lines(&["waiver"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finding_passes_until_its_object_changes() {
    let later = Later::start().await;
    let pull = refused(&later).await;
    let answer = later.answer(ALICE, &pull, WAIVE).await;
    insta::assert_snapshot!("waived", answer);
    let world = &later.world;
    world.quiet().await;
    let check = world.expect_check(&pull, "success").await;
    insta::assert_snapshot!("waived_check", check.summary());
    insta::assert_snapshot!("waived_audit", waivers(&later).await.join("\n"));

    world.push(BOB, (ADMIN, "certificates"), &[("README.md", "# Words\n")]).await;
    let check = world.expect_check(&pull, "success").await;
    assert!(check.summary().contains("waived by"), "another file says nothing of it: {}", check.summary());

    world.push(BOB, (ADMIN, "certificates"), &[(ROLE, &role("get, list"))]).await;
    let check = world.expect_check(&pull, "failure").await;
    assert!(!check.summary().contains("waived by"), "{}", check.summary());
    world.push(BOB, (ADMIN, "certificates"), &[(ROLE, &role("get"))]).await;
    world.expect_check(&pull, "success").await;
    later.world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waives_without_the_right_and_no_team_for_itself() {
    let later = Later::start().await;
    let pull = refused(&later).await;
    let denied = later.answer(BOB, &pull, WAIVE).await;
    assert!(denied.contains("it needs the right `maintain`"), "{denied}");

    let namespace = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: words\n  namespace: kube-system\n";
    let list = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - frontend.yaml\n  - words.yaml\n";
    let own = [("words.yaml", namespace), ("kustomization.yaml", list)];
    let team = later.world.open(BOB, (TEAM1, "elsewhere"), &own).await;
    later.world.expect_check(&team, "failure").await;
    let words = "/waive tenancy/foreign-namespace ConfigMap/words This is where it has to be.";
    for user in [BOB, ALICE] {
        let denied = later.answer(user, &team, words).await;
        assert!(denied.contains("needs a right that nobody has"), "{denied}");
    }
    assert_eq!(waivers(&later).await, Vec::<String>::new());
    later.world.expect_check(&team, "failure").await;
    later.world.expect_check(&pull, "failure").await;
    later.world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_pushed_after_the_comment_is_not_waived() {
    let mut later = Later::start().await;
    let pull = refused(&later).await;
    later.world.quiet().await;
    later.clock.turn(Duration::from_secs(2));
    later.world.stop_server().await;
    let comment = later.world.comment(ALICE, &pull, WAIVE);
    later.clock.turn(Duration::from_secs(2));
    later.world.push(BOB, (ADMIN, "certificates"), &[(ROLE, &role("get, list"))]).await;
    later.world.start_server().await;
    let answer = later.world.expect_answer(comment).await;
    assert!(answer.contains("I had not judged it when the comment was written"), "{answer}");
    later.world.quiet().await;
    later.world.expect_check(&pull, "failure").await;
    assert_eq!(waivers(&later).await, Vec::<String>::new());
    later.world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_waived_is_said() {
    let later = Later::start().await;
    let pull = refused(&later).await;
    let other = later.answer(ALICE, &pull, "/waive rbac/read-secrets ClusterRole/certificate It is not there.").await;
    insta::assert_snapshot!("nothing_to_waive", other);
    let unreadable = later.answer(ALICE, &pull, "/waive yaml/unreadable ConfigMap/x Nobody reads this anyway.").await;
    assert!(unreadable.contains("cannot be waived"), "{unreadable}");
    let short = later.answer(ALICE, &pull, "/waive rbac/read-secrets ClusterRole/certificates why").await;
    assert!(short.contains("say behind the object why this may pass"), "{short}");
    let unknown = later.answer(ALICE, &pull, "/waive rbac/read-secret ClusterRole/certificates It is needed.").await;
    assert!(unknown.contains("is no rule"), "{unknown}");
    let elsewhere = later.answer(ALICE, &Page::requests(), WAIVE).await;
    assert!(elsewhere.contains("Write it on a pull request"), "{elsewhere}");
    assert_eq!(waivers(&later).await, Vec::<String>::new());
    later.world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_merge_queue_keeps_what_was_waived() {
    let later = Later::start().await;
    let pull = refused(&later).await;
    later.answer(ALICE, &pull, WAIVE).await;
    later.world.quiet().await;
    later.world.expect_check(&pull, "success").await;
    later.world.github().require_merge_queue(ADMIN, "ALLGREEN").expect("there is this repository");
    let group = later.world.github().enqueue(ALICE, ADMIN, pull.number).await.expect("the queue takes it");
    let check = later.world.expect_check_of(ADMIN, &group.head, "success").await;
    assert!(check.summary().contains("waived by"), "{}", check.summary());
    later.world.quiet().await;
    later.world.finish().await;
}
