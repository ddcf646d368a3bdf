//! What `/create-team` writes: settings behind the command, presets, and templates of the admin repository.

use super::support::{ADMIN, ALICE, Page, TestWorld};

/// Where the admin repository keeps a template of its own.
const OWN: &str = ".bailiwick/templates/flux-v2/team";

const MANIFEST: &str = "\
parameters:
  tier: {kind: choice, choices: [gold, tin], default: tin, help: how dear the team is}
files:
  - {name: namespace.yaml, about: Ours.}
  - {name: kustomization.yaml, about: Ours too.}
entries:
  - {file: '${cluster_path}/kustomization.yaml', list: resources, add: '${team}'}
";

const NAMESPACE: &str = "\
apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels: {toolkit.fluxcd.io/tenant: '${team}', tier: '${tier}'}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: '${team}', namespace: '${namespace}'}
spec: {interval: 1m, url: '${git_url}', ref: {branch: '${branch}'}}
";

const LIST: &str = "resources: [namespace.yaml]\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_and_presets_become_part_of_the_team() {
    let mut world = TestWorld::start().await;
    world.reconfigure("presets:\n  batch: {quota: large, cpu: 64}\n").await;
    let comment = "/create-team team2 --preset batch --pod-security=restricted --memory 5Gi --role edit";
    world.expect_answer(world.comment(ALICE, &Page::requests(), comment)).await;
    let (pull, shown) = world.expect_pull_request("bailiwick/create-team/team2").await;
    let quota = world.github().read_file(ADMIN, &shown.head_sha, "cluster/team2/quota.yaml").await.unwrap();
    for part in ["requests.cpu: \"64\"\n", "requests.memory: 5Gi\n", "pods: \"300\"\n"] {
        assert!(quota.contains(part), "{quota}");
    }
    let namespace = world.github().read_file(ADMIN, &shown.head_sha, "cluster/team2/namespace.yaml").await.unwrap();
    assert!(namespace.contains("pod-security.kubernetes.io/enforce: restricted\n"), "{namespace}");
    assert!(shown.body.contains("| ClusterRole `edit`, in this namespace only |"), "{}", shown.body);
    assert!(!shown.body.contains("**Note**"), "{}", shown.body);
    world.expect_check(&pull, "success").await;

    world.expect_answer(world.comment(ALICE, &Page::requests(), "/create-team teaml")).await;
    let (pull, shown) = world.expect_pull_request("bailiwick/create-team/teaml").await;
    assert!(shown.body.contains("**Note**: teaml looks like team1, which is there already"), "{}", shown.body);
    world.expect_check(&pull, "success").await;

    for (comment, expected) in [
        ("/create-team team3 --preset bacth", "there is no preset bacth; the configuration has batch"),
        ("/create-team team3 --quotas large", "did you mean quota?"),
        ("/create-team team3 --pod-security privileged", "the setting pod\\_security must be baseline, restricted"),
    ] {
        let answer = world.expect_answer(world.comment(ALICE, &Page::requests(), comment)).await;
        assert!(answer.contains(expected) || answer.contains(&expected.replace('\\', "")), "{answer}");
    }
    assert_eq!(world.github().pulls(ADMIN).len(), 2);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_base_branch_may_bring_a_template_of_its_own() {
    let world = TestWorld::start().await;
    let files = [("template.yaml", MANIFEST), ("namespace.yaml", NAMESPACE), ("kustomization.yaml", LIST)];
    let files = files.map(|(name, text)| (format!("{OWN}/{name}"), text));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    world.push(ALICE, (ADMIN, "main"), &files).await;
    world.expect_answer(world.comment(ALICE, &Page::requests(), "/create-team team2 --tier gold")).await;
    let (pull, shown) = world.expect_pull_request("bailiwick/create-team/team2").await;
    let namespace = world.github().read_file(ADMIN, &shown.head_sha, "cluster/team2/namespace.yaml").await.unwrap();
    assert!(namespace.starts_with("# Ours.\n") && namespace.contains("    tier: gold\n"), "{namespace}");
    world.expect_check(&pull, "success").await;

    let broken = format!("{OWN}/namespace.yaml");
    world.push(ALICE, (ADMIN, "main"), &[(&broken, &NAMESPACE.replace("${tier}", "${tire}"))]).await;
    let answer = world.expect_answer(world.comment(ALICE, &Page::requests(), "/create-team team3")).await;
    assert!(answer.contains("namespace.yaml:5 cannot be used") && answer.contains("mend the template"), "{answer}");
    assert_eq!(world.github().pulls(ADMIN).len(), 1, "it does not fall back to the built-in one");
    world.finish().await;
}
