//! `/promote`: what a team may not have goes to the admins.

use http::Method;

use super::support::people::writes;
use super::support::{ADMIN, ALICE, BOB, CAROL, Change, Effect, NewPullRequest, Page, TEAM1, TestWorld};

const LIST: &str = "cluster/common/kustomization.yaml";
const ROLE_FILE: &str = "cluster/common/team1-clusterrole-canary-reader.yaml";
const CRD_FILE: &str = "cluster/common/team1-customresourcedefinition-canaries.example.org.yaml";

const CRD: &str = "\
# What our canaries are.
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: canaries.example.org
spec:
  group: example.org
  scope: Namespaced
  names:
    kind: Canary
    plural: canaries
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {on: {type: boolean}}}}}}
";

const ROLE: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: canary-reader # by the dashboard
rules:
  - apiGroups: [example.org]
    resources: [canaries]
    verbs: [get, list, watch]
";

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: words\ndata:\n  a: b\n";

/// `kustomization.yaml` of the team with more resources than at the start.
fn team_list(resources: &[&str]) -> String {
    let head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - frontend.yaml\n";
    let lines = resources.iter().map(|resource| format!("  - {resource}\n"));
    std::iter::once(head.to_owned()).chain(lines).collect()
}

/// Bob opens a pull request of team1 that adds these files and lists them.
async fn open(world: &TestWorld, branch: &str, files: &[(&str, &str)]) -> Page {
    let list = team_list(&files.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let files: Vec<_> = files.iter().copied().chain([("kustomization.yaml", list.as_str())]).collect();
    world.open(BOB, (TEAM1, branch), &files).await
}

async fn promote(world: &TestWorld, user: &str, page: &Page, words: &str) -> String {
    world.expect_answer(world.comment(user, page, &format!("/promote{words}"))).await
}

fn branch(pull: &Page) -> String {
    format!("bailiwick/promote/team1-{}", pull.number)
}

async fn file(world: &TestWorld, commit: &str, path: &str) -> Option<String> {
    world.github().read_file(ADMIN, commit, path).await
}

/// Nothing was written into the admin repository.
async fn nothing_written(world: &TestWorld) {
    world.quiet().await;
    assert!(world.github().pulls(ADMIN).is_empty());
    assert_eq!(world.github().branches(ADMIN).await.expect("it has branches"), ["main"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_definition_and_a_role_become_a_green_pull_request_of_the_admins() {
    let world = TestWorld::start().await;
    let pull = open(&world, "canaries", &[("crd.yaml", CRD), ("role.yaml", ROLE)]).await;
    let check = world.expect_check(&pull, "failure").await;
    assert!(check.annotations().iter().any(|line| line.contains("tenancy/cluster-object-outside-common")));

    insta::assert_snapshot!("answer", promote(&world, BOB, &pull, "").await);
    let (proposed, shown) = world.expect_pull_request(&branch(&pull)).await;
    insta::assert_snapshot!("pull_request", format!("{}\n\n{}", shown.title, super::support::tidy(&shown.body)));
    assert!(shown.body.contains(&world.head(&pull)), "it names the commit: {}", shown.body);
    assert_eq!((shown.base.as_str(), shown.head_repository.as_str()), ("main", ADMIN));
    world.expect_check(&proposed, "success").await;
    assert_eq!(file(&world, &shown.head_sha, CRD_FILE).await.as_deref(), Some(CRD));
    assert_eq!(file(&world, &shown.head_sha, ROLE_FILE).await.as_deref(), Some(ROLE));
    insta::assert_snapshot!("list", file(&world, &shown.head_sha, LIST).await.unwrap());
    insta::assert_snapshot!("audit", world.audit_lines(&["command", "promotion"]).await.join("\n"));

    // The team's branch is as it was, and stays red until the team has done its part.
    assert_eq!(world.github().read_file(TEAM1, &world.head(&pull), "crd.yaml").await.as_deref(), Some(CRD));
    world.merge(ALICE, &proposed).await;
    world.read(&proposed).await;
    let changes = [Change::delete("crd.yaml"), Change::delete("role.yaml")];
    world.push_changes(BOB, (TEAM1, "canaries"), &changes).await;
    world.push(BOB, (TEAM1, "canaries"), &[("kustomization.yaml", &team_list(&[])), ("README.md", "# Words\n")]).await;
    world.expect_check(&pull, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_twice_it_is_the_same_pull_request_and_what_the_team_removed_meanwhile_stays() {
    let world = TestWorld::start().await;
    let pull = open(&world, "canaries", &[("crd.yaml", CRD), ("role.yaml", ROLE)]).await;
    promote(&world, BOB, &pull, "").await;
    let (proposed, before) = world.expect_pull_request(&branch(&pull)).await;
    world.expect_check(&proposed, "success").await;
    // As long as nothing changes, nothing is pushed.
    let same = promote(&world, BOB, &pull, "").await;
    assert!(same.contains(&format!("{ADMIN}#{} is open already and now up to date", proposed.number)), "{same}");
    assert_eq!(world.head(&proposed), before.head_sha);

    let changed = ROLE.replace("[get, list, watch]", "[get]");
    world.push_changes(BOB, (TEAM1, "canaries"), &[Change::delete("crd.yaml")]).await;
    let files = [("role.yaml", changed.as_str()), ("kustomization.yaml", &team_list(&["role.yaml"]))];
    world.push(BOB, (TEAM1, "canaries"), &files).await;
    world.push(ALICE, (ADMIN, "main"), &[("README.md", "# Meanwhile\n")]).await;
    let again = promote(&world, BOB, &pull, "").await;
    assert!(again.contains("no more in the team's pull request") && again.contains(CRD_FILE), "{again}");
    let (other, after) = world.expect_pull_request(&branch(&pull)).await;
    assert_eq!(other, proposed);
    assert_eq!(file(&world, &after.head_sha, ROLE_FILE).await, Some(changed));
    assert_eq!(file(&world, &after.head_sha, CRD_FILE).await.as_deref(), Some(CRD));
    assert_eq!(file(&world, &after.head_sha, "README.md").await.as_deref(), Some("# Meanwhile\n"), "on the new tip");
    assert!(after.body.contains(&world.head(&pull)), "{}", after.body);
    world.expect_check(&proposed, "success").await;
    assert_eq!(world.github().pulls(ADMIN).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_merged_is_done_and_what_comes_after_it_is_another_pull_request() {
    let world = TestWorld::start().await;
    let pull = open(&world, "canaries", &[("role.yaml", ROLE)]).await;
    promote(&world, BOB, &pull, "").await;
    let (proposed, _) = world.expect_pull_request(&branch(&pull)).await;
    world.expect_check(&proposed, "success").await;
    world.merge(ALICE, &proposed).await;
    world.read(&proposed).await;

    let done = promote(&world, BOB, &pull, "").await;
    assert!(done.contains("has all of this already") && done.contains("`role.yaml`"), "{done}");
    let changed = ROLE.replace("[get, list, watch]", "[get]");
    world.push(BOB, (TEAM1, "canaries"), &[("role.yaml", &changed)]).await;
    let new = promote(&world, BOB, &pull, "").await;
    let (other, shown) = world.expect_pull_request(&branch(&pull)).await;
    assert!(new.contains(&format!("{ADMIN}#{} is open: it proposes", other.number)), "{new}");
    assert_ne!(other, proposed);
    assert!(shown.body.contains(&format!("`{ROLE_FILE}`, **changed**")), "{}", shown.body);
    assert_eq!(file(&world, &shown.head_sha, ROLE_FILE).await, Some(changed));
    world.expect_check(&other, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_admins_closed_stays_closed_until_they_open_it_again() {
    let world = TestWorld::start().await;
    let pull = open(&world, "canaries", &[("role.yaml", ROLE)]).await;
    promote(&world, BOB, &pull, "").await;
    let (proposed, shown) = world.expect_pull_request(&branch(&pull)).await;
    world.expect_check(&proposed, "success").await;
    world.github().close_pull(ALICE, ADMIN, proposed.number).unwrap();
    let changed = ROLE.replace("[get, list, watch]", "[get]");
    world.push(BOB, (TEAM1, "canaries"), &[("role.yaml", &changed)]).await;
    insta::assert_snapshot!("closed", promote(&world, BOB, &pull, "").await);
    world.quiet().await;
    assert!(world.github().pulls(ADMIN).iter().all(|pull| !pull.open && pull.head_sha == shown.head_sha));

    world.github().reopen_pull(ALICE, ADMIN, proposed.number).await.unwrap();
    let again = promote(&world, BOB, &pull, "").await;
    assert!(again.contains("is open already and now up to date"), "{again}");
    assert_eq!(file(&world, &world.head(&proposed), ROLE_FILE).await, Some(changed));
    world.expect_check(&proposed, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_of_a_promotion_does_nothing() {
    let world = TestWorld::start().await;
    let pull = open(&world, "canaries", &[("role.yaml", ROLE)]).await;
    insta::assert_snapshot!("plan", promote(&world, BOB, &pull, " --plan").await);
    nothing_written(&world).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_push_may_not_promote() {
    let mut world = TestWorld::start().await;
    let pull = open(&world, "canaries", &[("role.yaml", ROLE)]).await;
    let denied = promote(&world, CAROL, &pull, "").await;
    assert!(denied.contains("I did not run `/promote`: it needs the right `write` on this repository"), "{denied}");
    nothing_written(&world).await;

    // Whatever the configuration says, a fork's head is promoted by those alone who may push.
    world.reconfigure("commands: {promote: {allow: [\"permission:none\"]}}\n").await;
    let (fork, _) = open_from_fork(&world).await;
    let denied = promote(&world, CAROL, &fork, "").await;
    assert!(denied.contains("because this is a fork's head"), "{denied}");
    nothing_written(&world).await;
    world.finish().await;
}

/// Carol opens a pull request of team1 from her fork.
async fn open_from_fork(world: &TestWorld) -> (Page, String) {
    let list = team_list(&["role.yaml"]);
    let files = writes(&[("role.yaml", ROLE), ("kustomization.yaml", &list)]);
    let new = NewPullRequest { head: "from-home", base: "main", title: "From my fork", body: "" };
    let pull = world.github().open_pull_from_fork(CAROL, TEAM1, &files, new).await.expect("the fork is made");
    (world.page(TEAM1, pull.number), pull.fork)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forks_head_is_promoted_by_a_member_and_the_pull_request_says_whose_it_is() {
    let world = TestWorld::start().await;
    let (pull, fork) = open_from_fork(&world).await;
    world.expect_check(&pull, "failure").await;
    promote(&world, BOB, &pull, "").await;
    let (proposed, shown) = world.expect_pull_request(&branch(&pull)).await;
    assert!(shown.body.contains(&format!("The head is from the fork `{fork}`")), "{}", shown.body);
    assert!(shown.body.contains("Requested by @carol, by a comment of `bob`."), "{}", shown.body);
    world.expect_check(&proposed, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_mixed_file_only_the_documents_go() {
    let world = TestWorld::start().await;
    let mixed = format!("{CONFIG}--- # the role\n# by us\n{ROLE}---\n{}", CONFIG.replace("words", "more"));
    let pull = open(&world, "mixed", &[("mixed.yaml", &mixed)]).await;
    let answer = promote(&world, BOB, &pull, "").await;
    assert!(answer.contains("- `ClusterRole` `canary-reader` in `mixed.yaml:9`"), "{answer}");
    let (proposed, shown) = world.expect_pull_request(&branch(&pull)).await;
    assert_eq!(file(&world, &shown.head_sha, ROLE_FILE).await, Some(format!("# by us\n{ROLE}")));
    world.expect_check(&proposed, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_admin_repository_has_is_left_alone_changed_or_refused() {
    let world = TestWorld::start().await;
    let reader = "kind: ClusterRole\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {name: namespace-reader}\nrules:\n\
                  - {apiGroups: [\"\"], resources: [namespaces], verbs: [get, list, watch]}\n";
    let pull = open(&world, "reader", &[("reader.yaml", reader)]).await;
    let same = promote(&world, BOB, &pull, "").await;
    assert!(same.contains("has all of this already") && same.contains("`reader.yaml`"), "{same}");
    nothing_written(&world).await;

    let changed = reader.replace(", watch", "");
    world.push(BOB, (TEAM1, "reader"), &[("reader.yaml", &changed)]).await;
    promote(&world, BOB, &pull, "").await;
    let (proposed, shown) = world.expect_pull_request(&branch(&pull)).await;
    assert!(shown.body.contains("| `cluster/common/roles.yaml`, **changed** |"), "{}", shown.body);
    assert_eq!(file(&world, &shown.head_sha, "cluster/common/roles.yaml").await, Some(changed));
    world.expect_check(&proposed, "success").await;

    let before = file(&world, "main", "cluster/common/roles.yaml").await.unwrap();
    let both = format!("{before}---\n{ROLE}");
    world.push(ALICE, (ADMIN, "main"), &[("cluster/common/roles.yaml", &both)]).await;
    let refused = promote(&world, BOB, &pull, "").await;
    assert!(
        refused.contains("`cluster/common/roles.yaml`, together with other objects: an admin has to change"),
        "{refused}"
    );
    assert_eq!(world.head(&proposed), shown.head_sha);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_moved_is_refused_whole() {
    let world = TestWorld::start().await;
    let list = format!("apiVersion: v1\nkind: List\nitems:\n- {}\n", ROLE.trim_end().replace('\n', "\n  "));
    let patch = ROLE.replace("canary-reader # by the dashboard", "patched") + "$patch: replace\n";
    let files = [("fine.yaml", CRD), ("list.yaml", list.as_str()), ("patch.yaml", &patch), ("broken.yaml", "a: [\n")];
    let pull = open(&world, "odd", &files).await;
    let link = Change::link("link.yaml", "fine.yaml");
    world.push_changes(BOB, (TEAM1, "odd"), &[link]).await;
    insta::assert_snapshot!("refused", promote(&world, BOB, &pull, "").await);
    nothing_written(&world).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_there_is_nothing_to_promote_it_says_so() {
    let world = TestWorld::start().await;
    let class = "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 1\n";
    let pull = open(&world, "words", &[("words.yaml", CONFIG), ("class.yaml", class)]).await;
    insta::assert_snapshot!("nothing", promote(&world, BOB, &pull, "").await);

    // What was there before is none of this pull request's, though its file is.
    world.github().protect(TEAM1, &[]).unwrap();
    let legacy = open(&world, "legacy", &[("legacy.yaml", ROLE)]).await;
    world.expect_check(&legacy, "failure").await;
    world.merge(BOB, &legacy).await;
    let touched = world.open(BOB, (TEAM1, "touch"), &[("legacy.yaml", &format!("# a word\n{ROLE}"))]).await;
    let answer = promote(&world, BOB, &touched, "").await;
    assert!(answer.contains("was there before") && answer.contains("`legacy.yaml:2`: `ClusterRole`"), "{answer}");

    let issue = world.page(TEAM1, world.github().open_issue(BOB, TEAM1, "A wish", "").unwrap());
    let answer = promote(&world, BOB, &issue, "").await;
    assert_eq!(answer, "`/promote` does nothing here. Write it on a pull request of a team's repository.");

    world.push(BOB, (TEAM1, "other"), &[("README.md", "# Words\n")]).await;
    let aside = world.open(BOB, (TEAM1, "more"), &[("role.yaml", ROLE)]).await;
    world.github().retarget_pull(BOB, TEAM1, aside.number, "other").await.unwrap();
    let answer = promote(&world, BOB, &aside, "").await;
    assert!(answer.contains("a branch from which nothing is applied") && answer.contains("takes `main`"), "{answer}");

    let answer = promote(&world, BOB, &pull, " --cluster prod").await;
    assert_eq!(answer, "No cluster `prod` takes this repository. Nothing was done.");
    world.github().close_pull(BOB, TEAM1, pull.number).unwrap();
    let answer = promote(&world, BOB, &pull, "").await;
    assert!(answer.contains("This pull request is closed"), "{answer}");
    nothing_written(&world).await;

    let admins = world.open(ALICE, (ADMIN, "words"), &[("README.md", "# Words\n")]).await;
    world.expect_check(&admins, "success").await;
    let answer = promote(&world, ALICE, &admins, "").await;
    assert!(answer.contains("This is the admin repository"), "{answer}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_clusters_one_has_to_be_named() {
    let mut world = TestWorld::start().await;
    world.push(ALICE, (ADMIN, "prod"), &[("docs/prod.md", "Words.\n")]).await;
    let prod = "  - name: prod\n    admin_repository: org/dev-cluster\n    branch: prod\n    \
                team_repository: \"{org}/dev-{team}\"\n";
    world.reconfigure(prod).await;
    let pull = open(&world, "canaries", &[("role.yaml", ROLE)]).await;
    insta::assert_snapshot!("clusters", promote(&world, BOB, &pull, "").await);
    for (cluster, base) in [("dev", "main"), ("prod", "prod")] {
        promote(&world, BOB, &pull, &format!(" --cluster {cluster}")).await;
        let head = format!("bailiwick/promote/{cluster}.team1-{}", pull.number);
        let (proposed, shown) = world.expect_pull_request(&head).await;
        assert_eq!(shown.base, base);
        world.quiet().await;
        assert_eq!(file(&world, &world.head(&proposed), ROLE_FILE).await.as_deref(), Some(ROLE));
    }
    assert_eq!(world.github().pulls(ADMIN).len(), 2);
    world.finish().await;
}

/// What was done and could not be recorded is found again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_is_committed_once_whatever_answer_is_lost() {
    let world = TestWorld::start().await;
    for (number, path) in ["git/refs", "pulls"].into_iter().enumerate() {
        let role = ROLE.replace("canary-reader", &format!("canary-reader-{number}"));
        let pull = open(&world, &format!("canaries-{number}"), &[("role.yaml", &role)]).await;
        world.quiet().await;
        world.github().clear_request_log();
        let path = format!("/repos/{ADMIN}/{path}");
        world.github().faults().next_requests(Method::POST, &path, 1, Effect::CutAfter);
        promote(&world, BOB, &pull, "").await;
        let (proposed, _) = world.expect_pull_request(&branch(&pull)).await;
        world.expect_check(&proposed, "success").await;
        world.quiet().await;
        let commits = format!("POST /repos/{ADMIN}/git/commits");
        assert_eq!(world.requests().iter().filter(|line| line.starts_with(&commits)).count(), 1, "{path}");
        assert_eq!(world.bot_comments(&pull).len(), 1);
    }
    assert_eq!(world.github().pulls(ADMIN).len(), 2);
    world.finish().await;
}
