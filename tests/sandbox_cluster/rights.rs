//! Who may do what: from the RBAC objects in the cluster.

use serde_json::{Value, json};

use crate::world::World;

const GROUP: &str = "rbac.authorization.k8s.io";

async fn status(world: &World, token: &str, method: &str, path: &str, body: Value) -> (u16, String) {
    let request = world.http.request(method.parse().expect("a method"), format!("{}{path}", world.cluster.url()));
    let answer = request.bearer_auth(token).json(&body).send().await.expect("an answer");
    let code = answer.status().as_u16();
    let text = answer.json::<Value>().await.unwrap_or_default()["message"].as_str().unwrap_or_default().to_owned();
    (code, text)
}

fn bind(kind: &str, namespace: &str, role: &str) -> Value {
    let mut metadata = json!({"name": format!("{role}-{kind}").to_lowercase()});
    if !namespace.is_empty() {
        metadata["namespace"] = json!(namespace);
    }
    json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": metadata,
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": "flux", "namespace": "team1"}],
    })
}

#[tokio::test]
async fn a_binding_counts_in_its_namespace_only() {
    let world = World::new().await;
    world.namespace("team1");
    world.namespace("team2");
    let token = world.cluster.token_for("system:serviceaccount:team1:flux");
    let secrets = |team: &str| format!("/api/v1/namespaces/{team}/secrets");
    let (code, message) = status(&world, &token, "GET", &secrets("team1"), Value::Null).await;
    assert_eq!(code, 403);
    let expected = "secrets is forbidden: User \"system:serviceaccount:team1:flux\" cannot list resource \"secrets\" \
                    in API group \"\" in the namespace \"team1\"";
    assert_eq!(message, expected);
    world.apply(bind("RoleBinding", "team1", "admin"));
    assert_eq!(status(&world, &token, "GET", &secrets("team1"), Value::Null).await.0, 200);
    assert_eq!(status(&world, &token, "GET", &secrets("team2"), Value::Null).await.0, 403);
    assert_eq!(status(&world, &token, "GET", "/api/v1/secrets", Value::Null).await.0, 403);
    let sources = "/apis/source.toolkit.fluxcd.io/v1/namespaces/team1/gitrepositories";
    assert_eq!(status(&world, &token, "GET", sources, Value::Null).await.0, 200, "Flux's kinds are aggregated");
    let (code, message) = status(&world, &token, "GET", "/api/v1/namespaces", Value::Null).await;
    assert_eq!(code, 403);
    assert!(message.ends_with("at the cluster scope"), "{message}");
    world.apply(bind("ClusterRoleBinding", "", "view"));
    assert_eq!(status(&world, &token, "GET", "/api/v1/namespaces", Value::Null).await.0, 200);
    assert_eq!(status(&world, &token, "GET", &secrets("team2"), Value::Null).await.0, 403, "view hides Secrets");
}

#[tokio::test]
async fn rights_that_one_lacks_cannot_be_handed_out() {
    let world = World::new().await;
    world.namespace("team1");
    world.apply(bind("RoleBinding", "team1", "admin"));
    let token = world.cluster.token_for("system:serviceaccount:team1:flux");
    let bindings = format!("/apis/{GROUP}/v1/namespaces/team1/rolebindings");
    let (code, message) =
        status(&world, &token, "POST", &bindings, bind("RoleBinding", "team1", "cluster-admin")).await;
    assert_eq!(code, 403);
    assert!(message.contains("attempting to grant RBAC permissions not currently held"), "{message}");
    assert_eq!(status(&world, &token, "POST", &bindings, bind("RoleBinding", "team1", "view")).await.0, 201);
    assert_eq!(status(&world, &token, "POST", &bindings, bind("RoleBinding", "team1", "nobody")).await.0, 404);
}

#[tokio::test]
async fn a_role_reference_is_for_ever() {
    let world = World::new().await;
    world.namespace("team1");
    world.apply(bind("RoleBinding", "team1", "admin"));
    let mut changed = bind("RoleBinding", "team1", "admin");
    changed["roleRef"]["name"] = json!("view");
    assert!(world.cluster.apply(changed).expect_err("immutable").contains("cannot change roleRef"));
}

#[tokio::test]
async fn one_may_ask_what_one_may() {
    let world = World::new().await;
    world.namespace("team1");
    world.apply(bind("RoleBinding", "team1", "view"));
    let token = world.cluster.token_for("system:serviceaccount:team1:flux");
    let allowed = async |verb: &str, resource: &str| {
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let attributes = json!({"verb": verb, "resource": resource, "namespace": "team1"});
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                            "spec": {"resourceAttributes": attributes}});
        let request = world.http.post(format!("{}{path}", world.cluster.url())).bearer_auth(&token).json(&review);
        let answer = request.send().await.expect("an answer").json::<Value>().await.expect("a review");
        answer["status"]["allowed"].as_bool().expect("an answer")
    };
    assert!(allowed("get", "configmaps").await);
    assert!(!allowed("get", "secrets").await);
    assert!(!allowed("create", "configmaps").await);
}
