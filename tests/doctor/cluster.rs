//! Trouble in the cluster.

use std::collections::BTreeSet;

use bailiwick::cli::demo::world::World;
use bailiwick::cluster::Right;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::world::{Seen, doctor, doctor_with, pause, ready, stop, until, world};

const ACCOUNT: &str = "system:serviceaccount:bailiwick-system:bailiwick";

/// The documents of the files that people are told to apply.
fn deployed() -> Vec<Value> {
    let files = [
        "deploy/base/rbac.yaml",
        "deploy/overlays/deploy-keys/binding.yaml",
        "deploy/overlays/dry-run/role.yaml",
        "deploy/overlays/dry-run/policy.yaml",
    ];
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text: Vec<String> =
        files.iter().map(|file| std::fs::read_to_string(root.join(file)).expect("a file")).collect();
    let text = text.join("\n---\n");
    let documents = serde_yaml::Deserializer::from_str(&text).map(|it| Value::deserialize(it).expect("YAML"));
    documents.filter(|document| !document.is_null()).collect()
}

/// The rights in these documents: group, resource, name, verb.
fn granted(documents: &[Value]) -> BTreeSet<[String; 4]> {
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
    };
    let mut granted = BTreeSet::new();
    for rule in documents.iter().flat_map(|document| document["rules"].as_array().cloned().unwrap_or_default()) {
        let mut names = texts(&rule["resourceNames"]);
        if names.is_empty() {
            names.push(String::new());
        }
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                for (name, verb) in
                    names.iter().flat_map(|name| texts(&rule["verbs"]).into_iter().map(move |verb| (name, verb)))
                {
                    granted.insert([group.clone(), resource.clone(), name.clone(), verb]);
                }
            }
        }
    }
    granted
}

#[test]
fn what_is_asked_for_is_what_people_are_told_to_grant() {
    let asked = Right::FOLLOW.iter().chain(&Right::KEYS).chain(&Right::TRY);
    let asked: BTreeSet<_> =
        asked.map(|it| [it.group, it.resource, it.name.unwrap_or_default(), it.verb].map(str::to_owned)).collect();
    assert_eq!(granted(&deployed()), asked);
}

/// Looks with the rights of the deployed account, whose documents may be changed before.
async fn as_deployed(world: &mut World, change: impl Fn(&mut Value)) -> Seen {
    world
        .apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bailiwick-system"}}))
        .expect("new");
    for mut document in deployed() {
        change(&mut document);
        world.apply(document).expect("a document");
    }
    let weak = world.cluster.kubeconfig().replace(world.cluster.token(), &world.cluster.token_for(ACCOUNT));
    reached_with(world, &weak).await
}

async fn reached_with(world: &mut World, kubeconfig: &str) -> Seen {
    std::fs::write(world.directory().join("other"), kubeconfig).expect("room for a file");
    "    engine: flux-v2\n    kubeconfig: {file: other}\n".clone_into(&mut world.connection);
    doctor(world).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_to_try_definitions_is_missed_where_they_are_to_be_tried() {
    let mut world = world().await;
    let tried = |text: &str| {
        text.replace("kubeconfig: {file: other}\n", "kubeconfig: {file: other}\n    dry_run: definitions\n")
    };
    let unasked = as_deployed(&mut world, |it| without(it, "customresourcedefinitions", "patch")).await;
    assert_eq!(unasked.status, 0, "{}", unasked.out);
    assert!(!unasked.out.contains("definition"), "nobody asks for it: {}", unasked.out);
    let line = doctor_with(&world, tried, |_| {})
        .await
        .just("PROBLEM", "may not patch customresourcedefinitions.apiextensions.k8s.io: no definition is tried there");
    assert!(line.contains("deploy/overlays/dry-run"), "{line}");
    as_deployed(&mut world, |_| {}).await;
    let seen = doctor_with(&world, tried, |_| {}).await;
    assert_eq!(seen.status, 0, "{}", seen.out);
    seen.line("ok", "cluster dev: Bailiwick may try definitions");
}

/// Takes a verb out of every rule about a resource.
fn without(document: &mut Value, resource: &str, verb: &str) {
    for rule in document["rules"].as_array_mut().into_iter().flatten() {
        let about = rule["resources"].as_array().is_some_and(|all| all.iter().any(|it| it == resource));
        if let (true, Some(verbs)) = (about, rule["verbs"].as_array_mut()) {
            verbs.retain(|it| it != verb);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deployed_rights_are_enough_and_each_of_them_is_missed() {
    let mut world = world().await;
    let all = as_deployed(&mut world, |_| {}).await;
    assert_eq!(all.status, 0, "{}", all.out);
    all.line("ok", "cluster dev: Bailiwick may keep deploy keys");
    let no_patch = as_deployed(&mut world, |it| without(it, "gitrepositories", "patch")).await;
    let line =
        no_patch.just("PROBLEM", "may not patch gitrepositories.source.toolkit.fluxcd.io: merges are not followed");
    assert!(line.contains("deploy/base/rbac.yaml"), "{line}");
    let no_list = as_deployed(&mut world, |it| without(it, "kustomizations", "list")).await;
    no_list.just("warning", "may not list kustomizations.kustomize.toolkit.fluxcd.io in all namespaces");
    let no_keys = as_deployed(&mut world, |it| without(it, "secrets", "create")).await;
    let line = no_keys.just("warning", "may not create secrets in all namespaces");
    assert!(line.contains("deploy/overlays/deploy-keys"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_server_that_is_away_or_refuses() {
    let mut world = world().await;
    let address = world.cluster.url();
    let away = world.cluster.kubeconfig().replace(&address, "http://127.0.0.1:1");
    let seen = reached_with(&mut world, &away).await;
    seen.just("PROBLEM", "cluster dev: the cluster did not answer for its version");
    seen.line("ok", "org/dev-cluster: its branch main is at");
    let wrong = world.cluster.kubeconfig().replace(world.cluster.token(), "old");
    reached_with(&mut world, &wrong).await.just("PROBLEM", "the cluster refused Bailiwick's credentials");
    reached_with(&mut world, "nonsense").await.just("PROBLEM", "no access to the cluster with the kubeconfig");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_nobody_can_reach_is_a_note() {
    let mut world = world().await;
    "    engine: flux-v2\n".clone_into(&mut world.connection);
    let seen = doctor(&world).await;
    assert_eq!(seen.status, 0, "{}", seen.out);
    seen.line("ok", "cluster dev: no `kubeconfig`");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_without_flux() {
    let mut world = world().await;
    stop(&mut world).await;
    pause(&world).await;
    let kustomizations = "kustomizations.kustomize.toolkit.fluxcd.io";
    world.cluster.delete("CustomResourceDefinition", "", kustomizations).expect("installed");
    doctor(&world).await.just("PROBLEM", "Flux is not installed: there is no kind Kustomization");
    let sources = "gitrepositories.source.toolkit.fluxcd.io";
    world.cluster.delete("CustomResourceDefinition", "", sources).expect("installed");
    let line = doctor(&world).await.just("PROBLEM", "Flux is not installed: there is no kind GitRepository");
    assert!(line.contains("flux bootstrap"), "{line}");
}

fn source(spec: Value) -> Value {
    let mut all = json!({"url": "ssh://git@127.0.0.1/org/dev-cluster", "interval": "1m", "ref": {"branch": "main"},
                         "secretRef": {"name": "flux-system"}});
    for (key, value) in spec.as_object().into_iter().flatten() {
        all[key] = value.clone();
    }
    json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "spec": all,
           "metadata": {"name": "flux-system", "namespace": "flux-system"}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_is_not_ready() {
    let mut world = world().await;
    stop(&mut world).await;
    world.cluster.faults().fail_next_fetch("GitOperationFailed", "no \u{1b}[31mroute\nto host");
    let mut asked = source(json!({}));
    asked["metadata"]["annotations"] = json!({"reconcile.fluxcd.io/requestedAt": "now"});
    world.apply(asked).expect("a source");
    until("the fetch failed", || {
        let failed = ready(&world) == Some("False".to_owned());
        world.cluster.faults().pause_controllers(failed);
        failed
    })
    .await;
    let line = doctor(&world).await.just(
        "PROBLEM",
        "GitRepository flux-system/flux-system is not ready: GitOperationFailed: no \\u{1b}[31mroute\\u{a}to host",
    );
    assert!(line.contains("flux get source git flux-system -n flux-system"), "{line}");

    world.apply(source(json!({"suspend": true}))).expect("a source");
    let line = doctor(&world).await.just("PROBLEM", "GitRepository flux-system/flux-system is suspended");
    assert!(line.contains("flux resume source git flux-system -n flux-system"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_applies_the_admin_repository() {
    let mut world = world().await;
    stop(&mut world).await;
    pause(&world).await;
    world.apply(source(json!({"ref": {"branch": "old"}}))).expect("a source");
    let line = doctor(&world).await.just("PROBLEM", "nothing applies the admin repository there");
    assert!(line.contains("follows branch old"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flux_v1_is_a_note() {
    let world = world().await;
    let seen = doctor_with(
        &world,
        |text| text.replace("engine: flux-v2", "engine: flux-v1").replace("access: read-only", "access: read-write"),
        |_| {},
    )
    .await;
    seen.line("ok", "it is run by Flux v1, which cannot be followed yet");
}
