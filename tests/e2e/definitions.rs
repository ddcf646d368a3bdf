//! A team's custom resources are held against the definitions in the admin repository, and a change of those
//! against what the teams have.

use super::files;
use super::support::{ADMIN, ALICE, BOB, TEAM1, TestWorld};

/// Two kinds: canaries live in namespaces, flocks are cluster-wide.
const DEFINITIONS: &str = "\
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
            spec: {type: object, properties: {weight: {type: integer, maximum: 100}}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: flocks.example.org
spec:
  group: example.org
  scope: Cluster
  names: {kind: Flock, plural: flocks}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
";

fn canary(spec: &str) -> String {
    format!("apiVersion: example.org/v1\nkind: Canary\nmetadata:\n  name: bird\n  namespace: team1\nspec:\n{spec}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_custom_resource_is_held_against_the_definition_of_the_admin_repository() {
    let world = TestWorld::start().await;
    let before = world.github().read_file(TEAM1, "main", "kustomization.yaml").await.expect("a kustomization");
    let listed = format!("{}\n  - bird.yaml\n", before.trim_end());

    // Nobody knows the kind yet: that is said, and nothing is wrong.
    let text = canary("  weight: many\n");
    let pull = world.open(BOB, (TEAM1, "bird"), &[("kustomization.yaml", &listed), ("bird.yaml", &text)]).await;
    let check = world.expect_check(&pull, "success").await;
    assert!(check.summary().contains("object/unknown-kind"), "{}", check.summary());

    let common = files::common(&["definitions.yaml"]);
    let definitions =
        [("cluster/common/kustomization.yaml", common.as_str()), ("cluster/common/definitions.yaml", DEFINITIONS)];
    world.push(ALICE, (ADMIN, "main"), &definitions).await;

    let text = canary("  weight: \"many\"\n  colour: red\n");
    world.push(BOB, (TEAM1, "bird"), &[("bird.yaml", &text)]).await;
    let check = world.expect_check(&pull, "failure").await;
    let found = check.annotations();
    assert!(found.contains(&"bird.yaml:7 failure object/invalid".to_owned()), "{found:?}");
    assert!(found.contains(&"bird.yaml:8 failure crd/unknown-field".to_owned()), "{found:?}");

    world.push(BOB, (TEAM1, "bird"), &[("bird.yaml", &canary("  weight: 10\n"))]).await;
    let check = world.expect_check(&pull, "success").await;
    assert!(!check.summary().contains("object/unknown-kind"), "{}", check.summary());

    // A namespace does not hide that a kind is cluster-wide.
    let flock = canary("  weight: 10\n").replace("Canary", "Flock");
    world.push(BOB, (TEAM1, "bird"), &[("bird.yaml", &flock)]).await;
    let check = world.expect_check(&pull, "failure").await;
    let rule = "bird.yaml:2 failure tenancy/cluster-object-outside-common".to_owned();
    assert!(check.annotations().contains(&rule), "{:?}", check.annotations());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_definition_is_held_against_what_the_teams_have() {
    let world = TestWorld::start().await;
    let common = files::common(&["definitions.yaml"]);
    let with = |definitions: &str| {
        [
            ("cluster/common/kustomization.yaml", common.clone()),
            ("cluster/common/definitions.yaml", definitions.to_owned()),
        ]
    };
    let first = with(DEFINITIONS);
    let first: Vec<_> = first.iter().map(|(path, text)| (*path, text.as_str())).collect();
    world.push(ALICE, (ADMIN, "main"), &first).await;
    let before = world.github().read_file(TEAM1, "main", "kustomization.yaml").await.expect("a kustomization");
    let listed = format!("{}\n  - some birds.yaml\n", before.trim_end());
    let bird = canary("  weight: 90\n");
    let files = [("kustomization.yaml", listed.as_str()), ("some birds.yaml", &bird)];
    world.push(BOB, (TEAM1, "main"), &files).await;
    world.quiet().await;

    // What still fits is counted, and nothing more.
    let wider = with(&DEFINITIONS.replace("maximum: 100", "maximum: 200"));
    let wider: Vec<_> = wider.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let pull = world.open(ALICE, (ADMIN, "limits"), &wider).await;
    let check = world.expect_check(&pull, "success").await;
    let row =
        "| `canaries.example.org` Canary | changed | Namespaced | `v1` (stored) | not breaking | `org/dev-team1` (1) |";
    assert!(check.summary().contains(row), "{}", check.summary());
    assert!(!check.summary().contains("flocks"), "it is as it was: {}", check.summary());

    let narrow = DEFINITIONS.replace("maximum: 100", "maximum: 50");
    world.push(ALICE, (ADMIN, "limits"), &[("cluster/common/definitions.yaml", &narrow)]).await;
    let check = world.expect_check(&pull, "failure").await;
    let summary = check.summary();
    assert!(summary.contains("org/dev-team1 some birds.yaml:7 does not fit any more"), "{summary}");
    assert!(summary.contains("org/dev-team1/blob/[commit]/some%20birds.yaml?plain=1#L7"), "{summary}");
    assert!(summary.contains("**breaking**: `crd/breaks-objects`, `crd/limit-tightened`"), "{summary}");

    // A definition that goes takes the team's objects with it.
    let gone = files::common(&[]);
    world.push(ALICE, (ADMIN, "limits"), &[("cluster/common/kustomization.yaml", &gone)]).await;
    let check = world.expect_check(&pull, "failure").await;
    let summary = check.summary();
    assert!(summary.contains("Teams hold 1: org/dev-team1 (1"), "{summary}");
    assert!(summary.contains("| `canaries.example.org` Canary | removed | Namespaced |"), "{summary}");
    world.finish().await;
}
