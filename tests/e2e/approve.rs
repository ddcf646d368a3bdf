//! `/approve` and the check `bailiwick/grants`: rights in the whole cluster need people who had no hand in them.

use http::Method;

use super::files;
use super::later::Later;
use super::support::{ADMIN, ALICE, BOB, CAROL, Effect, Page, Role, TEAM1};

const COMMON: &str = "cluster/common/kustomization.yaml";
const BINDING: &str = "cluster/common/auditors.yaml";
const CANARIES: &str = "cluster/common/canaries.yaml";
const TWO: &str = "grants: {required: 2}\n";
const DAVE: &str = "dave";

/// A binding that gives a group `view` in the whole cluster.
fn binding(group: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: auditors\nroleRef: \
         {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: canaries}}\nsubjects:\n  - {{apiGroup: \
         rbac.authorization.k8s.io, kind: Group, name: {group}}}\n"
    )
}

fn role(verbs: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: canaries\nrules:\n  - apiGroups: \
         [example.org]\n    resources: [canaries]\n    verbs: [{verbs}]\n"
    )
}

/// A world that asks for two approvals, and in which Dave maintains the repository like Alice.
async fn two() -> Later {
    let later = Later::start_with(TWO).await;
    let github = later.world.github();
    github.create_user(DAVE).expect("a user");
    for user in [BOB, DAVE] {
        github.add_collaborator(ADMIN, user, Role::Maintain).expect("they maintain it");
    }
    later
}

/// Bob asks for the binding.
async fn asked(later: &Later) -> Page {
    let common = files::common(&["auditors.yaml"]);
    let both = format!("{}---\n{}", role("get, list"), binding("auditors"));
    let pull = later.world.open(BOB, (ADMIN, "auditors"), &[(COMMON, &common), (BINDING, &both)]).await;
    later.world.expect_check(&pull, "success").await;
    pull
}

async fn approvals(later: &Later) -> String {
    later.world.audit_lines(&["approval"]).await.join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_approve_and_a_push_clears_it() {
    let later = two().await;
    let world = &later.world;
    let pull = asked(&later).await;
    let text = world.expect_grants(&pull, "action_required").await.text();
    insta::assert_snapshot!("asked", text.replace(&world.head(&pull)[..12], "[head]"));

    let own = later.answer(BOB, &pull, "/approve").await;
    assert!(own.contains("You opened this pull request"), "{own}");
    let denied = later.answer(CAROL, &pull, "/approve").await;
    assert!(denied.contains("the right `maintain`"), "{denied}");
    world.expect_grants(&pull, "action_required").await;

    let head = world.head(&pull);
    insta::assert_snapshot!("approved_once", later.answer(ALICE, &pull, &format!("/approve {}", &head[..12])).await);
    let once = world.expect_grants(&pull, "action_required").await;
    assert!(once.title() == "1 of 2 approvals" && once.summary().contains("`alice`"), "{}", once.text());
    world.github().rename_user(ALICE, "alicia").expect("a new name");
    let again = later.answer("alicia", &pull, "/approve").await;
    assert!(again.contains("1 approval of 2"), "one person with two names: {again}");
    world.expect_grants(&pull, "action_required").await;

    let enough = later.answer(DAVE, &pull, "/approve").await;
    assert!(enough.contains("That is enough"), "{enough}");
    insta::assert_snapshot!("approved", world.expect_grants(&pull, "success").await.text());
    insta::assert_snapshot!("approvals", approvals(&later).await);

    world.push(BOB, (ADMIN, "auditors"), &[("README.md", "# Words\n")]).await;
    world.expect_check(&pull, "success").await;
    world.expect_grants(&pull, "action_required").await;
    world.expect_grants_of(ADMIN, &head, "success").await;
    later.world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_is_taken_back_by_whoever_gave_it() {
    let later = Later::start_with("grants: {required: 1}\n").await;
    let pull = asked(&later).await;
    later.answer(ALICE, &pull, "/approve").await;
    later.world.expect_grants(&pull, "success").await;
    let back = later.answer(ALICE, &pull, "/approve --withdraw").await;
    assert_eq!(back, "Your approval is taken back.");
    later.world.expect_grants(&pull, "action_required").await;
    let twice = later.answer(ALICE, &pull, "/approve --withdraw").await;
    assert!(twice.contains("You have not approved"), "{twice}");
    later.world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_pushed_does_not_approve() {
    let later = Later::start_with("grants: {required: 1}\n").await;
    let pull = asked(&later).await;
    later
        .world
        .push(ALICE, (ADMIN, "auditors"), &[(BINDING, &format!("{}---\n{}", role("get"), binding("auditors")))])
        .await;
    later.world.expect_check(&pull, "success").await;
    let own = later.answer(ALICE, &pull, "/approve").await;
    assert!(own.contains("You pushed to this pull request"), "{own}");
    later.world.expect_grants(&pull, "action_required").await;
    later.world.finish().await;
}

/// The reviews of both pushes are one, and both people pushed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_pushed_is_not_forgotten_for_a_later_push() {
    let mut later = Later::start_with("grants: {required: 1}\n").await;
    let pull = asked(&later).await;
    later.turn().await;
    later.world.stop_server().await;
    let both = |verbs: &str| format!("{}---\n{}", role(verbs), binding("auditors"));
    later.world.push(ALICE, (ADMIN, "auditors"), &[(BINDING, &both("get"))]).await;
    later.world.push(BOB, (ADMIN, "auditors"), &[(BINDING, &both("get, watch"))]).await;
    later.world.start_server().await;
    later.world.expect_check(&pull, "success").await;
    let own = later.answer(ALICE, &pull, "/approve").await;
    assert!(own.contains("You pushed to this pull request"), "{own}");
    later.world.expect_grants(&pull, "action_required").await;
    later.world.finish().await;
}

/// GitHub shows one check for a commit, whatever pull request it is in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_approves_their_own_head_in_the_pull_request_of_another() {
    let later = two().await;
    let world = &later.world;
    let common = files::common(&["auditors.yaml"]);
    let both = format!("{}---\n{}", role("get, list"), binding("auditors"));
    let own = world.open(ALICE, (ADMIN, "auditors"), &[(COMMON, &common), (BINDING, &both)]).await;
    world.expect_check(&own, "success").await;
    world.quiet().await;
    world.twin(ADMIN, "twin", &world.head(&own));
    let twin = world.open_into(BOB, (ADMIN, "twin"), "main").await;
    world.expect_check(&twin, "success").await;
    let answer = later.answer(ALICE, &twin, "/approve").await;
    assert!(answer.contains("You have a pull request with the same head"), "{answer}");
    world.expect_grants(&twin, "action_required").await;
    later.world.finish().await;
}

/// No right changes, and whoever owns that repository has every right afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_flux_applies_with_its_own_rights_is_to_be_approved() {
    let later = Later::start_with("grants: {required: 1}\n").await;
    let sync = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: addons, namespace: flux-system}
spec: {interval: 1m, url: 'https://github.com/mallory/addons', ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: addons, namespace: flux-system}
spec: {interval: 1m, path: ./, prune: true, sourceRef: {kind: GitRepository, name: addons}}
";
    let common = files::common(&["addons.yaml"]);
    let files = [(COMMON, common.as_str()), ("cluster/common/addons.yaml", sync)];
    let pull = later.world.open(BOB, (ADMIN, "addons"), &files).await;
    let check = later.world.expect_grants(&pull, "action_required").await;
    insta::assert_snapshot!("beside_rights", check.text().replace(&later.world.head(&pull)[..12], "[head]"));
    let approved = later.answer(ALICE, &pull, "/approve").await;
    assert!(approved.contains("That is enough"), "{approved}");
    later.world.expect_grants(&pull, "success").await;
    later.world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_pushed_after_the_comment_is_not_approved() {
    let mut later = Later::start_with("grants: {required: 1}\n").await;
    let pull = asked(&later).await;
    let head = later.world.head(&pull);
    later.turn().await;
    later.world.stop_server().await;
    let bare = later.world.comment(ALICE, &pull, "/approve");
    let named = later.world.comment(ALICE, &pull, &format!("/approve {}", &head[..12]));
    later.clock.turn(std::time::Duration::from_secs(2));
    let more = format!("{}---\n{}", role("get, list, create"), binding("auditors"));
    later.world.push(BOB, (ADMIN, "auditors"), &[(BINDING, &more)]).await;
    later.world.start_server().await;
    for comment in [bare, named] {
        let answer = later.world.expect_answer(comment).await;
        assert!(answer.contains("I had not judged it when the comment was written"), "{answer}");
    }
    later.world.expect_grants(&pull, "action_required").await;
    let old = later.answer(ALICE, &pull, &format!("/approve {}", &head[..12])).await;
    assert!(old.contains("and you named"), "{old}");
    later.world.expect_grants(&pull, "action_required").await;
    assert_eq!(approvals(&later).await, "");
    later.world.finish().await;
}

/// Who edits a comment need not be who wrote it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comment_that_was_edited_approves_nothing() {
    let mut later = two().await;
    let pull = asked(&later).await;
    later.turn().await;
    let words = later.world.comment(ALICE, &pull, "I will look at it.");
    later.world.github().edit_comment(BOB, words, "/approve").expect("edited");
    later.world.quiet().await;
    later.world.stop_server().await;
    let command = later.world.comment(ALICE, &pull, "/approve");
    later.world.github().edit_comment(BOB, command, "/approve\n\nThank you.").expect("edited");
    later.world.start_server().await;
    let check = later.world.expect_grants(&pull, "action_required").await;
    assert_eq!(check.title(), "0 of 2 approvals");
    assert_eq!(approvals(&later).await, "");
    later.world.finish().await;
}

/// Bob asks for a binding to a role that the base branch has.
async fn bound(later: &Later) -> Page {
    let world = &later.world;
    let list = files::common(&["auditors.yaml", "canaries.yaml"]);
    let (role, few) = (role("get"), binding("operators"));
    world.push(ALICE, (ADMIN, "main"), &[(COMMON, &list), (CANARIES, &role), (BINDING, &few)]).await;
    world.quiet().await;
    let pull = world.open(BOB, (ADMIN, "auditors"), &[(BINDING, &binding("auditors"))]).await;
    world.expect_check(&pull, "success").await;
    world.expect_grants(&pull, "action_required").await;
    pull
}

/// What is granted grows with a role that is merged meanwhile.
async fn grow(later: &Later) {
    later.world.push(ALICE, (ADMIN, "main"), &[(CANARIES, &role("get, delete"))]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_the_check_has_shown_is_approved() {
    let later = Later::start_with("grants: {required: 1}\n").await;
    let world = &later.world;
    let pull = bound(&later).await;
    later.turn().await;
    grow(&later).await;
    let changed = later.answer(ALICE, &pull, "/approve").await;
    assert!(changed.contains("is not what its check has shown"), "{changed}");
    let check = world.expect_grants(&pull, "action_required").await;
    assert!(check.summary().contains("delete"), "{}", check.summary());
    let approved = later.answer(ALICE, &pull, "/approve").await;
    assert!(approved.contains("That is enough"), "{approved}");
    world.expect_grants(&pull, "success").await;
    later.world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_merge_queue_keeps_approvals_of_the_same_grants_only() {
    let later = Later::start_with("grants: {required: 1}\n").await;
    let world = &later.world;
    let pull = bound(&later).await;
    later.answer(ALICE, &pull, "/approve").await;
    world.expect_grants(&pull, "success").await;
    world.push(ALICE, (ADMIN, "main"), &[("README.md", "# Another word\n")]).await;
    world.github().require_merge_queue(ADMIN, "ALLGREEN").expect("there is this repository");
    let group = world.github().enqueue(ALICE, ADMIN, pull.number).await.expect("the queue takes it");
    world.expect_check_of(ADMIN, &group.head, "success").await;
    world.expect_grants_of(ADMIN, &group.head, "success").await;
    later.world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_merge_queue_lets_nothing_pass_that_grew_after_the_approval() {
    let later = Later::start_with("grants: {required: 1}\n").await;
    let world = &later.world;
    let pull = bound(&later).await;
    later.answer(ALICE, &pull, "/approve").await;
    world.expect_grants(&pull, "success").await;
    grow(&later).await;
    world.github().require_merge_queue(ADMIN, "ALLGREEN").expect("there is this repository");
    let group = world.github().enqueue(ALICE, ADMIN, pull.number).await.expect("the queue takes it");
    let check = world.expect_grants_of(ADMIN, &group.head, "failure").await;
    assert!(check.summary().contains("is not what was approved"), "{}", check.summary());
    later.world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_grants_nothing_needs_nobody_and_what_is_not_read_may_grant_anything() {
    let later = two().await;
    let world = &later.world;
    let words = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    let check = world.expect_grants(&words, "success").await;
    assert_eq!(check.title(), "Nothing to approve");
    let nothing = later.answer(ALICE, &words, "/approve").await;
    assert!(nothing.contains("there is nothing to approve"), "{nothing}");
    let broken = world.open(BOB, (ADMIN, "broken"), &[("cluster/common/roles.yaml", "kind: [\n")]).await;
    world.expect_grants(&broken, "failure").await;
    let unknown = later.answer(ALICE, &broken, "/approve").await;
    assert!(unknown.contains("is not known"), "{unknown}");
    let team = world.open(BOB, (TEAM1, "words"), &[("README.md", "# A word\n")]).await;
    world.expect_check(&team, "success").await;
    assert!(
        world.github().check_runs(TEAM1, &world.head(&team)).len() == 1,
        "a team's repository grants nothing beyond it"
    );
    let elsewhere = later.answer(ALICE, &team, "/approve").await;
    assert!(elsewhere.contains("Write it on a pull request of the admin repository"), "{elsewhere}");
    later.world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_asked_where_the_configuration_does_not() {
    let later = Later::start().await;
    let pull = asked(&later).await;
    later.world.quiet().await;
    assert_eq!(later.world.github().check_runs(ADMIN, &later.world.head(&pull)).len(), 1);
    let off = later.answer(ALICE, &pull, "/approve").await;
    assert!(off.contains("Nothing has to be approved here"), "{off}");
    // What is open when somebody is asked gets its check as well.
    let mut later = later;
    later.world.reconfigure(TWO).await;
    later.world.expect_grants(&pull, "action_required").await;
    later.world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_is_made_once_although_the_answer_was_lost() {
    let mut later = Later::start().await;
    let pull = asked(&later).await;
    later.world.quiet().await;
    let path = format!("/repos/{ADMIN}/check-runs");
    later.world.github().clear_request_log();
    later.world.github().faults().next_requests(Method::POST, &path, 1, Effect::CutAfter);
    later.world.reconfigure(TWO).await;
    later.world.expect_grants(&pull, "action_required").await;
    let cut = later.world.requests().iter().filter(|line| line.starts_with("POST") && line.ends_with(" 0")).count();
    assert_eq!(cut, 1, "{:#?}", later.world.requests());
    assert_eq!(later.world.github().check_runs(ADMIN, &later.world.head(&pull)).len(), 2);
    later.world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_button_makes_the_check_anew_with_its_approvals() {
    let later = Later::start_with("grants: {required: 1}\n").await;
    let pull = asked(&later).await;
    later.answer(ALICE, &pull, "/approve").await;
    let run = later.world.expect_grants(&pull, "success").await.run;
    later.world.github().rerequest_check(ALICE, run.id).expect("pressed");
    let again = later.world.expect_grants(&pull, "success").await.run;
    assert!(again.id > run.id, "GitHub has forgotten the conclusion of the first");
    later.world.finish().await;
}

/// A pull request of the bot's belongs to whoever asked for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asked_the_bot_does_not_approve() {
    let later = two().await;
    let comment = later.world.comment(ALICE, &Page::requests(), "/create-team team7");
    later.world.expect_answer(comment).await;
    let (pull, _) = later.world.expect_pull_request("bailiwick/create-team/team7").await;
    later.world.expect_check(&pull, "success").await;
    let own = later.answer(ALICE, &pull, "/approve").await;
    assert!(own.contains("You asked for this pull request"), "{own}");
    later.world.finish().await;
}
