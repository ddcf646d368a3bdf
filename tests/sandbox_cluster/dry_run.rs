//! Definitions are tried, and nothing of it stays.

use bailiwick::cluster::{ClusterError, DryRun, Refused};
use bailiwick::sandbox::cluster::Requests;
use serde_json::{Value, json};

use crate::world::World;

const NAME: &str = "canaries.example.org";

fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": NAME},
        "spec": {
            "group": "example.org", "scope": "Namespaced", "names": {"kind": "Canary", "plural": "canaries"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}}},
            }],
        },
    })
}

/// The definition with something else at a place.
fn with(pointer: &str, value: Value) -> Value {
    let mut definition = definition();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    definition.pointer_mut(parent).expect("it is there")[key] = value;
    definition
}

async fn refused(world: &World, definition: &Value) -> Refused {
    match world.client().await.dry_run(definition).await.expect("a verdict") {
        DryRun::Refused(refused) => refused,
        DryRun::Accepted { .. } => panic!("it is taken: {definition}"),
    }
}

fn fields(refused: &Refused) -> Vec<&str> {
    refused.causes.iter().map(|cause| cause.field.as_str()).collect()
}

#[tokio::test]
async fn a_dry_run_stores_nothing() {
    let world = World::new().await;
    let accepted = DryRun::Accepted { warnings: Vec::new() };
    let all = world.cluster.list("CustomResourceDefinition", "");
    assert_eq!(world.client().await.dry_run(&definition()).await.expect("a verdict"), accepted);
    assert_eq!(world.cluster.list("CustomResourceDefinition", ""), all);
    let kind = "/apis/example.org/v1/canaries";
    assert_eq!(world.request("GET", kind, None).await.0, 404, "the kind is not served");

    world.apply(definition());
    let before = world.cluster.get("CustomResourceDefinition", "", NAME);
    let changed = with("/spec/names/shortNames", json!(["cn"]));
    assert_eq!(world.client().await.dry_run(&changed).await.expect("a verdict"), accepted);
    assert_eq!(world.cluster.get("CustomResourceDefinition", "", NAME), before);
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_field() {
    let world = World::new().await;
    let two = with("/spec/versions/0/storage", json!(false));
    assert_eq!(fields(&refused(&world, &two).await), ["spec.versions"]);
    let bare = with("/spec/versions/0/schema", Value::Null);
    assert_eq!(fields(&refused(&world, &bare).await), ["spec.versions[0].schema.openAPIV3Schema"]);
    let other = with("/spec/group", json!("example.net"));
    assert_eq!(fields(&refused(&world, &other).await), ["metadata.name"]);
    let mut unknown = with("/spec/versions/0/schema/openAPIV3Schema/properties/spec/x-kuberentes-int", json!(true));
    let field = "spec.versions[0].schema.openAPIV3Schema.properties.spec.x-kuberentes-int";
    assert_eq!(fields(&refused(&world, &unknown).await), [field]);
    unknown["spec"]["colour"] = json!("red");
    assert_eq!(fields(&refused(&world, &unknown).await), ["spec.colour", field]);

    world.apply(definition());
    let cluster = refused(&world, &with("/spec/scope", json!("Cluster"))).await;
    assert_eq!(fields(&cluster), ["spec.scope"]);
    assert_eq!(cluster.causes[0].message, "Invalid value: \"Cluster\": field is immutable");
    assert_eq!(cluster.reason, "Invalid");
}

#[tokio::test]
async fn what_only_a_cluster_knows_is_told() {
    let world = World::new().await;
    let denied = "admission webhook \"policy.example.org\" denied the request: not on Fridays";
    world.cluster.faults().refuse_definition(NAME, 403, denied, &[]);
    let told = refused(&world, &definition()).await;
    assert_eq!((told.message.as_str(), told.causes.len()), (denied, 0));
    assert!(world.cluster.apply(definition()).is_ok(), "the owner of the sandbox is above faults");
    world.cluster.faults().take_all_definitions();
    world.cluster.faults().warn_of_definition(NAME, "unrecognized format \"e-mail\"");
    let verdict = world.client().await.dry_run(&definition()).await.expect("a verdict");
    assert_eq!(verdict, DryRun::Accepted { warnings: vec!["unrecognized format \"e-mail\"".to_owned()] });
}

#[tokio::test]
async fn without_both_rights_there_is_no_verdict() {
    let world = World::new().await;
    let client = world.client_with(&world.cluster.token_for("bot")).await;
    let grant = |verbs: &[&str]| {
        let group = "rbac.authorization.k8s.io";
        let rules = json!([{"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": verbs}]);
        world.apply(json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRole", "metadata": {"name": "try"},
                           "rules": rules}));
        world.apply(json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding",
            "metadata": {"name": "try"}, "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "try"},
            "subjects": [{"kind": "User", "apiGroup": group, "name": "bot"}]}));
    };
    for verbs in [&[][..], &["patch"], &["create"]] {
        grant(verbs);
        let error = client.dry_run(&definition()).await.expect_err("it is forbidden");
        assert!(matches!(error, ClusterError::Forbidden { .. }), "{verbs:?}: {error}");
    }
    grant(&["patch", "create"]);
    assert!(matches!(client.dry_run(&definition()).await, Ok(DryRun::Accepted { .. })));
    // What is there needs no `create`.
    world.apply(definition());
    grant(&["patch"]);
    assert!(matches!(client.dry_run(&definition()).await, Ok(DryRun::Accepted { .. })));
}

#[tokio::test]
async fn a_cluster_in_trouble_gives_no_verdict() {
    let world = World::new().await;
    for code in [429, 500, 503] {
        world.cluster.faults().fail_requests(1, code, Requests::Writes);
        let error = world.client().await.dry_run(&definition()).await.expect_err("no verdict");
        assert!(matches!(error, ClusterError::Unavailable { .. }), "{code}: {error}");
    }
    let error = world.client_with("old").await.dry_run(&definition()).await.expect_err("no verdict");
    assert!(matches!(error, ClusterError::Unauthorized), "{error}");
    let mut secret = definition();
    secret["kind"] = json!("Secret");
    assert!(matches!(world.client().await.dry_run(&secret).await, Err(ClusterError::Invalid { .. })), "never sent");
}

#[tokio::test]
async fn the_sandbox_is_strict_about_the_questions() {
    let world = World::new().await;
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let unknown = with("/spec/colour", json!("red"));
    let (code, answer) = world.request("POST", &format!("{path}?fieldValidation=Strict"), Some(unknown)).await;
    assert_eq!((code, answer["message"].as_str()), (400, Some("strict decoding error: unknown field \"spec.colour\"")));
    assert_eq!(world.request("POST", &format!("{path}?dryRun=Some"), Some(definition())).await.0, 422);
    assert_eq!(world.request("POST", &format!("{path}?dryRun=All"), Some(definition())).await.0, 201);
    assert_eq!(world.request("GET", &format!("{path}/{NAME}"), None).await.0, 404);
}
