//! Pull requests in the admin repository are judged.

use super::files::{self, GREEDY, MODEST, TWO_STORAGE_VERSIONS};
use super::support::{ADMIN, ALICE, BOB, Change, NewPullRequest, Order, TestWorld};

const CANARIES: &str = "cluster/common/canaries.yaml";
const OPERATOR: &str = "cluster/common/canary-operator.yaml";
const COMMON: &str = "cluster/common/kustomization.yaml";
const POLICY: &str = ".bailiwick/policy.yaml";

/// Accepts whatever the canary operator may do.
fn waiver() -> String {
    let rules = ["rbac/wildcard", "rbac/escalation-verbs", "rbac/read-secrets"];
    let exception = |rule| {
        format!(
            "  - rule: {rule}\n    object: {{group: rbac.authorization.k8s.io, kind: ClusterRole, name: canary-operator}}\n    \
             reason: the operator was reviewed\n"
        )
    };
    format!("exceptions:\n{}", rules.map(exception).concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_definition_and_a_greedy_role_are_refused_on_their_lines_until_they_are_mended() {
    let world = TestWorld::start().await;
    let common = files::common(&["canaries.yaml", "canary-operator.yaml"]);
    let bad = [(COMMON, common.as_str()), (CANARIES, TWO_STORAGE_VERSIONS), (OPERATOR, GREEDY)];
    let pull = world.open(BOB, (ADMIN, "canaries"), &bad).await;
    let first = world.head(&pull);
    let check = world.expect_check(&pull, "failure").await;
    insta::assert_snapshot!("refused", check.text());

    let one_storage_version = TWO_STORAGE_VERSIONS.replacen("storage: true", "storage: false", 1);
    world.push(BOB, (ADMIN, "canaries"), &[(CANARIES, &one_storage_version), (OPERATOR, MODEST)]).await;
    let check = world.expect_check(&pull, "success").await;
    insta::assert_snapshot!("mended", check.text());

    assert_eq!(world.checks_of(ADMIN, &first).len(), 1, "the first head keeps its own verdict");
    assert_eq!(world.checks_of(ADMIN, &world.head(&pull)).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_base_branchs_policy_counts() {
    let world = TestWorld::start().await;
    let common = files::common(&["canary-operator.yaml"]);
    let greedy = [(COMMON, common.as_str()), (OPERATOR, GREEDY)];
    let waiver = waiver();
    let waived = [(POLICY, waiver.as_str()), greedy[0], greedy[1]];
    let own = world.open(BOB, (ADMIN, "own-policy"), &waived).await;
    let check = world.expect_check(&own, "failure").await;
    assert!(check.annotations().contains(&format!("{OPERATOR}:7 failure rbac/wildcard")), "{:?}", check.annotations());

    world.push(ALICE, (ADMIN, "main"), &[(POLICY, &waiver)]).await;
    let pull = world.open(BOB, (ADMIN, "base-policy"), &greedy).await;
    let check = world.expect_check(&pull, "success").await;
    assert!(check.summary().contains("the operator was reviewed"), "{}", check.summary());

    world.push(ALICE, (ADMIN, "main"), &[(POLICY, "exceptions: [{rule: rbac/wildcard}]\n")]).await;
    let pull = world.open(BOB, (ADMIN, "broken-policy"), &[("README.md", "# A word\n")]).await;
    let check = world.expect_check(&pull, "failure").await;
    assert_eq!(check.title(), "The policy cannot be read");
    assert!(check.summary().contains("policy.yaml"), "{}", check.summary());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_the_policy_hears_what_its_entries_are_worth() {
    let world = TestWorld::start().await;
    let idle = "exceptions:\n- rule: rbac/wildcard\n  object: {kind: ClusterRole, name: nobody}\n  reason: r\n";
    let pull = world.open(BOB, (ADMIN, "idle"), &[(POLICY, idle)]).await;
    let check = world.expect_check(&pull, "success").await;
    // It might be for something in the team's repository.
    let told = format!("{POLICY}:2 notice policy/unused-exception");
    assert!(check.annotations().contains(&told), "{:?}", check.annotations());

    let pull = world.open(BOB, (ADMIN, "broken"), &[(POLICY, "exceptions: [{rule: rbac/wildcard}]\n")]).await;
    let check = world.expect_check(&pull, "failure").await;
    assert!(
        check.annotations().contains(&format!("{POLICY}:1 failure policy/unreadable")),
        "{:?}",
        check.annotations()
    );

    // An exception that is there goes with the object that it is for.
    let common = files::common(&["canary-operator.yaml"]);
    world.push(ALICE, (ADMIN, "main"), &[(POLICY, &waiver()), (COMMON, &common), (OPERATOR, GREEDY)]).await;
    let changes = [Change::write(COMMON, &files::common(&[])), Change::delete(OPERATOR)];
    let pull = world.open_changes(BOB, (ADMIN, "gone"), &changes).await;
    let check = world.expect_check(&pull, "success").await;
    assert!(check.text().contains("goes with this change"), "{}", check.text());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_never_green() {
    let world = TestWorld::start().await;
    let twice = MODEST.replace("kind: ClusterRole\n", "kind: ClusterRole\nkind: ClusterRole\n");
    let hidden = MODEST.replace("rules:", "# harmless\u{2028}rules:");
    let off = "severity:\n  yaml/unreadable: 'off'\n";
    let common = files::common(&["twice.yaml", "hidden.yaml", "link.yaml"]);
    let changes = [
        Change::write(COMMON, &common),
        Change::write("cluster/common/twice.yaml", &twice),
        Change::write("cluster/common/hidden.yaml", &hidden),
        Change::link("cluster/common/link.yaml", "/etc/passwd"),
    ];
    let pull = world.open_changes(BOB, (ADMIN, "unreadable"), &changes).await;
    let check = world.expect_check(&pull, "failure").await;
    insta::assert_snapshot!("unreadable", check.text());

    // Each of them alone, and whatever the policy says.
    world.push(ALICE, (ADMIN, "main"), &[(POLICY, off)]).await;
    for (number, change) in changes[1..].iter().enumerate() {
        let name = change.path.rsplit('/').next().unwrap_or_default();
        let alone = [Change::write(COMMON, &files::common(&[name])), change.clone()];
        let branch = format!("alone-{number}");
        let pull = world.open_changes(BOB, (ADMIN, &branch), &alone).await;
        let check = world.expect_check(&pull, "failure").await;
        assert!(check.title().contains("not"), "{}: {}", change.path, check.text());
    }
    world.finish().await;
}

/// A kustomization takes a file of any name for a manifest; so does the limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_with_odd_names_count_as_manifests_do() {
    let world = TestWorld::start().await;
    let names = ["one.txt", "two.txt", "three.txt", "four.txt"];
    let common = files::common(&names);
    let paths = names.map(|name| format!("cluster/common/{name}"));
    let with = |text: &str| -> Vec<(String, String)> {
        paths
            .iter()
            .zip(0..)
            .map(|(path, number)| (path.clone(), text.replace("canary", &format!("canary{number}"))))
            .collect()
    };
    let push = |files: &[(String, String)]| -> Vec<(String, String)> {
        files.iter().cloned().chain([(COMMON.to_owned(), common.clone())]).collect()
    };
    let small = push(&with(MODEST));
    let small: Vec<(&str, &str)> = small.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    world.push(ALICE, (ADMIN, "main"), &small).await;
    let large = with(&format!("{MODEST}{}", "# filled up\n".repeat(200_000)));
    let large: Vec<(&str, &str)> = large.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let pull = world.open(BOB, (ADMIN, "large"), &large).await;
    let check = world.expect_check(&pull, "failure").await;
    assert_eq!(check.title(), "Too much to judge");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_conflicts_with_the_base_is_not_judged() {
    let world = TestWorld::start().await;
    let roles = "cluster/common/roles.yaml";
    let at = (ADMIN, "reader");
    world.push(BOB, at, &[(roles, &MODEST.replace("canary-operator", "reader"))]).await;
    world.push(ALICE, (ADMIN, "main"), &[(roles, &MODEST.replace("canary-operator", "viewer"))]).await;
    let pull = world.open_into(BOB, at, "main").await;
    let check = world.expect_check(&pull, "failure").await;
    insta::assert_snapshot!("conflict", check.text());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_file_is_missed_where_it_is_still_listed() {
    let world = TestWorld::start().await;
    let gone = Change::delete("cluster/common/roles.yaml");
    let pull = world.open_changes(BOB, (ADMIN, "gone"), std::slice::from_ref(&gone)).await;
    let check = world.expect_check(&pull, "failure").await;
    assert_eq!(check.annotations(), [format!("{COMMON}:4 failure kustomization/missing-resource")]);

    let empty = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n";
    world.push(BOB, (ADMIN, "gone"), &[(COMMON, empty)]).await;
    world.expect_check(&pull, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_that_no_cluster_tracks_is_nobodys_business_until_the_base_changes() {
    let world = TestWorld::start().await;
    world.push(ALICE, (ADMIN, "release"), &[("README.md", "# Release\n")]).await;
    let common = files::common(&["canary-operator.yaml"]);
    let at = (ADMIN, "aside");
    world.push(BOB, at, &[(COMMON, &common), (OPERATOR, GREEDY)]).await;
    let pull = world.open_into(BOB, at, "release").await;
    world.expect_no_check(&pull).await;

    world.github().retarget_pull(BOB, ADMIN, pull.number, "main").await.unwrap();
    world.expect_check(&pull, "failure").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_pull_request_is_left_alone_until_it_is_opened_again() {
    let world = TestWorld::start().await;
    world.github().faults().hold();
    let pull = world.open(BOB, (ADMIN, "closed"), &[("README.md", "# A word\n")]).await;
    world.github().close_pull(BOB, ADMIN, pull.number).unwrap();
    world.github().faults().release(Order::AsHappened);
    world.expect_no_check(&pull).await;

    world.github().reopen_pull(BOB, ADMIN, pull.number).await.unwrap();
    world.expect_check(&pull, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_judged_once() {
    let world = TestWorld::start().await;
    world.push(BOB, (ADMIN, "draft"), &[("README.md", "# A word\n")]).await;
    let new = NewPullRequest { head: "draft", base: "main", title: "Not ready", body: "" };
    let number = world.github().open_draft(BOB, ADMIN, new).await.unwrap();
    let pull = world.page(ADMIN, number);
    world.expect_check(&pull, "success").await;
    world.github().mark_ready(BOB, ADMIN, number).unwrap();
    world.quiet().await;
    assert_eq!(world.checks_of(ADMIN, &world.head(&pull)).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_pull_requests_may_have_one_head() {
    let world = TestWorld::start().await;
    let one = world.open(BOB, (ADMIN, "one"), &[("README.md", "# A word\n")]).await;
    world.expect_check(&one, "success").await;
    let head = world.head(&one);
    world.twin(ADMIN, "two", &head);
    let twin = world.open_into(BOB, (ADMIN, "two"), "main").await;
    world.until("its own check run", |world| (world.checks_of(ADMIN, &head).len() == 2).then_some(())).await;
    world.expect_check(&twin, "success").await;
    assert_eq!(world.head(&twin), head);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verdict_costs_three_requests() {
    let world = TestWorld::start().await;
    world.expect_check(&world.open(BOB, (ADMIN, "first"), &[("README.md", "# One\n")]).await, "success").await;
    world.quiet().await;
    world.github().clear_request_log();
    world.expect_check(&world.open(BOB, (ADMIN, "second"), &[("README.md", "# Two\n")]).await, "success").await;
    world.quiet().await;
    let asked: Vec<_> = world.requests().into_iter().filter(|line| !line.contains(".git/")).collect();
    assert_eq!(asked.len(), 3, "{asked:#?}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_says_who_gains_which_rights_through_what() {
    let world = TestWorld::start().await;
    let common = files::common(&["certificates.yaml"]);
    let text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: certificates}\nrules:\n  - apiGroups: \
                [\"\"]\n    resources: [secrets]\n    verbs: [get]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: \
                ClusterRoleBinding\nmetadata: {name: certificates}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: \
                ClusterRole, name: certificates}\nsubjects:\n  - {kind: Group, name: keepers, apiGroup: \
                rbac.authorization.k8s.io}\n";
    let pull =
        world.open(BOB, (ADMIN, "keepers"), &[(COMMON, &common), ("cluster/common/certificates.yaml", text)]).await;
    let check = world.expect_check(&pull, "failure").await;
    let rights =
        check.summary().split("### ").find(|part| part.starts_with("Rights")).map(str::trim_end).map(str::to_owned);
    insta::assert_snapshot!("rights", rights.expect("the section"));

    let other = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    let check = world.expect_check(&other, "success").await;
    assert!(!check.summary().contains("### Rights"), "{}", check.summary());
    world.finish().await;
}
