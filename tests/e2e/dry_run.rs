//! Definitions are tried on the cluster before they are merged, where the configuration asks for it, and by nobody who
//! may not push to the admin repository.

use bailiwick::sandbox::cluster::Requests;
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::files;
use super::support::people::writes;
use super::support::{ADMIN, ALICE, BOB, Check, NewPullRequest, Page, TestWorld};

const COMMON: &str = "cluster/common/kustomization.yaml";
const FILE: &str = "cluster/common/definitions.yaml";
const NAME: &str = "canaries.example.org";
const TRY: &str = "    engine: flux-v2\n    kubeconfig: {file: kubeconfig}\n    dry_run: definitions\n";

/// Its rule in CEL is on line 21.
const DEFINITION: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: canaries.example.org
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Canary, plural: canaries}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            names:
              type: array
              items: {type: string}
              x-kubernetes-validations:
                - rule: self.all(one, self.exists_one(other, one == other))
                  message: no name twice
";

/// Another one, without rules.
fn plain(number: usize) -> String {
    format!(
        "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: \
         nests{number}.example.org}}\nspec:\n  group: example.org\n  scope: Namespaced\n  names: {{kind: Nest{number}, plural: \
         nests{number}}}\n  versions:\n    - {{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: \
         object}}}}}}\n"
    )
}

/// A world in which definitions are tried.
async fn world() -> TestWorld {
    connected(TRY).await
}

async fn connected(connection: &str) -> TestWorld {
    let mut world = TestWorld::start().await;
    connection.clone_into(&mut world.world.connection);
    world.reconfigure("").await;
    world
}

async fn open(world: &TestWorld, definitions: &str) -> Page {
    let common = files::common(&["definitions.yaml"]);
    world.open(ALICE, (ADMIN, "canaries"), &[(COMMON, &common), (FILE, definitions)]).await
}

/// The server refuses what the rule costs, with the words and the path of a real one.
fn refuse(world: &TestWorld) {
    let field = "spec.validation.openAPIV3Schema.properties[names].x-kubernetes-validations[0].rule";
    let fault = "Forbidden: estimated rule cost exceeds budget by factor of more than 100x\n@alice closes #1 <b>`x`</b> \
                 https://me:s3cret@example.org";
    let message = format!("CustomResourceDefinition.apiextensions.k8s.io \"{NAME}\" is invalid: {field}: {fault}");
    world.world.cluster.faults().refuse_definition(NAME, 422, &message, &[(field, fault)]);
}

fn definitions(world: &TestWorld) -> Vec<Value> {
    world.world.cluster.list("CustomResourceDefinition", "")
}

fn told(check: &Check, rule: &str) -> Vec<String> {
    check.annotations().into_iter().filter(|line| line.ends_with(rule)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_definition_that_the_cluster_takes_is_not_undecided_and_nothing_stays_there() {
    let world = world().await;
    let before = definitions(&world);
    world.world.cluster.faults().warn_of_definition("nests1.example.org", "nobody needs nests");
    let pull = open(&world, &format!("{DEFINITION}{}", plain(1))).await;
    let check = world.expect_check(&pull, "success").await;
    assert_eq!(check.annotations(), [format!("{FILE}:26 warning crd/cluster-warns")]);
    let row = "| `canaries.example.org` Canary | new | Namespaced | `v1` (stored) | valid; the cluster `dev` takes it (dry run) |";
    assert!(check.summary().contains(row), "{}", check.summary());
    assert_eq!(definitions(&world), before);

    // Merged, it is as it was: what does not change is not tried again.
    world.merge(ALICE, &pull).await;
    world.until("the definition", |world| world.world.cluster.get("CustomResourceDefinition", "", NAME)).await;
    world.quiet().await;
    refuse(&world);
    let more = format!("{DEFINITION}{}{}", plain(1), plain(2));
    let next = world.open(ALICE, (ADMIN, "more"), &[(FILE, &more)]).await;
    let check = world.expect_check(&next, "success").await;
    assert_eq!(check.annotations(), [format!("{FILE}:21 notice crd/cel-undecided")]);
    assert_eq!(check.summary().matches("takes it (dry run)").count(), 1, "{}", check.summary());
    world.world.cluster.faults().take_all_definitions();
    world.read(&pull).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_definition_that_the_cluster_refuses_is_red_at_the_line_that_it_names() {
    let world = world().await;
    refuse(&world);
    let pull = open(&world, DEFINITION).await;
    let check = world.expect_check(&pull, "failure").await;
    assert_eq!(told(&check, "crd/refused-by-cluster"), [format!("{FILE}:21 failure crd/refused-by-cluster")]);
    assert_eq!(told(&check, "crd/cel-undecided").len(), 1, "it was not taken");
    insta::assert_snapshot!(check.text());
    let note =
        check.run.annotations.iter().find(|note| note["title"] == "crd/refused-by-cluster").expect("it is there");
    let message = note["message"].as_str().expect("a text");
    assert!(message.contains("exceeds budget") && !message.contains("s3cret"), "{message}");

    world.world.cluster.faults().take_all_definitions();
    let comment = world.comment(ALICE, &pull, "/check");
    world.expect_answer(comment).await;
    world.quiet().await;
    let check = world.expect_check(&pull, "success").await;
    assert_eq!(check.annotations(), [""; 0]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_configuration_does_not_ask_for_it_nothing_is_tried() {
    let world = TestWorld::start().await;
    refuse(&world);
    let pull = open(&world, DEFINITION).await;
    let check = world.expect_check(&pull, "success").await;
    assert_eq!(check.annotations(), [format!("{FILE}:21 notice crd/cel-undecided")]);
    assert!(!check.summary().contains("tried"), "{}", check.summary());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_does_not_answer_is_told_and_keeps_nobody_from_a_verdict() {
    let world = world().await;
    // One failure is enough: it is not asked a second time in one review.
    world.world.cluster.faults().fail_requests(1, 503, Requests::Writes);
    let pull = open(&world, &format!("{DEFINITION}{}", plain(1))).await;
    let check = world.expect_check(&pull, "success").await;
    let notes = [format!("{FILE}:4 warning crd/not-tried"), format!("{FILE}:21 notice crd/cel-undecided")];
    assert_eq!(check.annotations(), notes);
    let summary = check.summary();
    assert_eq!(summary.matches("not tried on the cluster `dev`: it did not answer").count(), 2, "{summary}");
    assert!(!summary.contains("takes it"), "{summary}");
    world.finish().await;
}

/// Lets the bot's account do everything but try definitions; gives the kubeconfig's name.
fn weak(world: &TestWorld) {
    let account = "system:serviceaccount:bailiwick-system:bailiwick";
    let cluster = &world.world.cluster;
    let rbac = "rbac.authorization.k8s.io";
    let groups = ["", "source.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io"];
    let rules = json!([{"apiGroups": groups, "resources": ["*"], "verbs": ["*"]}]);
    let role = json!({"apiVersion": format!("{rbac}/v1"), "kind": "ClusterRole", "metadata": {"name": "most"}, "rules": rules});
    let binding = json!({"apiVersion": format!("{rbac}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": "most"},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "most"},
        "subjects": [{"kind": "ServiceAccount", "namespace": "bailiwick-system", "name": "bailiwick"}]});
    for object in [role, binding] {
        cluster.apply(object).expect("a good object");
    }
    let kubeconfig = cluster.kubeconfig().replace(cluster.token(), &cluster.token_for(account));
    std::fs::write(world.world.directory().join("weak"), kubeconfig).expect("room for a file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_missing_is_told_and_the_one_that_is_deployed_is_enough() {
    let mut world = TestWorld::start().await;
    weak(&world);
    TRY.replace("{file: kubeconfig}", "{file: weak}").clone_into(&mut world.world.connection);
    world.reconfigure("").await;
    let pull = open(&world, DEFINITION).await;
    let check = world.expect_check(&pull, "success").await;
    assert_eq!(told(&check, "crd/not-tried"), [format!("{FILE}:4 warning crd/not-tried")]);
    let why = "it forbids the bot to patch and create customresourcedefinitions";
    assert!(check.summary().contains(why), "{}", check.summary());

    let role = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/overlays/dry-run/role.yaml");
    let role = std::fs::read_to_string(role).expect("a file");
    for document in serde_yaml::Deserializer::from_str(&role) {
        world.world.apply(Value::deserialize(document).expect("YAML")).expect("a good object");
    }
    let comment = world.comment(ALICE, &pull, "/check");
    world.expect_answer(comment).await;
    world.quiet().await;
    let check = world.expect_check(&pull, "success").await;
    assert!(check.summary().contains("the cluster `dev` takes it"), "{}", check.summary());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forks_definition_is_not_sent_to_the_cluster_before_somebody_queues_it() {
    let world = world().await;
    refuse(&world);
    let common = files::common(&["definitions.yaml"]);
    let new = NewPullRequest { head: "from-home", base: "main", title: "From my fork", body: "" };
    let changes = writes(&[(COMMON, &common), (FILE, DEFINITION)]);
    let pull = world.github().open_pull_from_fork(BOB, ADMIN, &changes, new).await.expect("the fork is made");
    let page = world.page(ADMIN, pull.number);
    let check = world.expect_check(&page, "success").await;
    let notes = [format!("{FILE}:4 notice crd/not-tried"), format!("{FILE}:21 notice crd/cel-undecided")];
    assert_eq!(check.annotations(), notes);
    let why = "not tried on the cluster `dev`: the pull request comes from a fork";
    assert!(check.summary().contains(why), "{}", check.summary());

    world.github().require_merge_queue(ADMIN, "ALLGREEN").expect("there is this repository");
    world.quiet().await;
    let group = world.github().enqueue(ALICE, ADMIN, pull.number).await.expect("the queue takes it");
    let check = world.expect_check_of(ADMIN, &group.head, "failure").await;
    assert_eq!(told(&check, "crd/refused-by-cluster"), [format!("{FILE}:21 failure crd/refused-by-cluster")]);
    world.github().dequeue(ALICE, ADMIN, pull.number).await.expect("it was queued");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_very_many_definitions_some_are_tried_and_the_others_named() {
    let world = world().await;
    let many: String = (0..25).map(plain).collect();
    let pull = open(&world, &many).await;
    let check = world.expect_check(&pull, "success").await;
    assert_eq!(check.summary().matches("takes it (dry run)").count(), 20, "{}", check.summary());
    assert_eq!(check.summary().matches("not tried on the cluster `dev`: 20 others were").count(), 5);
    assert_eq!(told(&check, "crd/not-tried").len(), 1);
    world.finish().await;
}
