//! Every method of Bailiwick's client.

use bailiwick::clock::SeededEntropy;
use bailiwick::cluster::{
    ClusterError, ConditionStatus, EnsureOutcome, FluxKind, GitSecret, KeyPair, public_key_of_secret,
};
use bailiwick::names::{Namespace, ObjectName};
use bailiwick::sandbox::cluster::Requests;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::world::World;

fn namespace(name: &str) -> Namespace {
    name.parse().expect("a namespace")
}

fn flux_system() -> ObjectName {
    "flux-system".parse().expect("a name")
}

fn git_secret(seed: u64) -> (KeyPair, GitSecret) {
    let pair = KeyPair::generate(&SeededEntropy::new(seed), "test").expect("a key");
    let secret = GitSecret {
        identity: pair.private_openssh.expose_secret().to_owned().into(),
        identity_pub: pair.public_line.clone(),
        known_hosts: "github.com ssh-ed25519 AAAA\n".to_owned(),
    };
    (pair, secret)
}

#[tokio::test]
async fn a_namespace_is_read() {
    let world = World::new().await;
    let client = world.client().await;
    assert_eq!(client.namespace(&namespace("team1")).await.expect("an answer"), None);
    world.apply(json!({"apiVersion": "v1", "kind": "Namespace",
                       "metadata": {"name": "team1", "labels": {"toolkit.fluxcd.io/tenant": "team1"}}}));
    let state = client.namespace(&namespace("team1")).await.expect("an answer").expect("the namespace");
    assert_eq!(state.phase, "Active");
    assert_eq!(state.labels["toolkit.fluxcd.io/tenant"], "team1");
    assert_eq!(state.labels["kubernetes.io/metadata.name"], "team1");
}

#[tokio::test]
async fn an_existing_key_is_never_overwritten() {
    let world = World::new().await;
    let client = world.client().await;
    let (first_pair, first) = git_secret(1);
    let (_, second) = git_secret(2);
    let team = namespace("team1");
    let missing = client.ensure_git_secret(&team, &flux_system(), &first).await.expect_err("no namespace");
    assert_eq!(missing.to_string().split(" was").next(), Some("Namespace team1"));
    world.namespace("team1");
    let made = client.ensure_git_secret(&team, &flux_system(), &first).await;
    assert_eq!(made.expect("an answer"), EnsureOutcome::Created);
    let again = client.ensure_git_secret(&team, &flux_system(), &second).await;
    assert_eq!(again.expect("an answer"), EnsureOutcome::AlreadyThere(first_pair.public.clone()));
    let there = client.secret(&team, &flux_system()).await.expect("an answer").expect("the Secret");
    assert_eq!(public_key_of_secret(&there), Some(first_pair.public));
    assert_eq!(there.text("known_hosts").expect("text").expose_secret(), first.known_hosts);
    assert_eq!(there.kind, "Opaque");
    let stored = world.cluster.get("Secret", "team1", "flux-system").expect("the Secret");
    assert_eq!(stored["metadata"]["labels"]["app.kubernetes.io/managed-by"], "bailiwick");
}

#[tokio::test]
async fn somebody_faster_wins() {
    let world = World::new().await;
    world.namespace("team1");
    let client = world.client().await;
    // The create is answered 409, and then there is still nothing: the caller comes back later.
    world.cluster.faults().fail_requests(1, 409, Requests::Writes);
    let (pair, secret) = git_secret(1);
    let outcome = client.ensure_git_secret(&namespace("team1"), &flux_system(), &secret).await;
    assert!(matches!(outcome, Err(ClusterError::Conflict { .. })));
    world.git_secret("team1", &pair, "github.com ssh-ed25519 AAAA\n");
    let outcome = client.ensure_git_secret(&namespace("team1"), &flux_system(), &git_secret(2).1).await;
    assert_eq!(outcome.expect("an answer"), EnsureOutcome::AlreadyThere(pair.public));
    world.apply(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "other", "namespace": "team1"},
                       "stringData": {"username": "git"}}));
    let other: ObjectName = "other".parse().expect("a name");
    let outcome = client.ensure_git_secret(&namespace("team1"), &other, &secret).await;
    assert_eq!(outcome.expect("an answer"), EnsureOutcome::Unusable);
}

/// An API server of three answers: no Secret, "already exists", and then somebody else's Secret.
#[tokio::test]
async fn between_look_and_create_somebody_elses_key_counts() {
    use axum::Json;
    use axum::http::StatusCode;
    use std::sync::atomic::{AtomicUsize, Ordering};

    let (theirs, _) = git_secret(1);
    let data = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        theirs.private_openssh.expose_secret().as_bytes(),
    );
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "flux-system"},
                        "type": "Opaque", "data": {"identity": data}});
    let status = |code: u16, reason: &str| {
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
               "message": "", "details": {"name": "flux-system", "kind": "secrets"}})
    };
    let (missing, exists) = (status(404, "NotFound"), status(409, "AlreadyExists"));
    let turn = std::sync::Arc::new(AtomicUsize::new(0));
    let router = axum::Router::new().fallback(async move || match turn.fetch_add(1, Ordering::SeqCst) {
        0 => (StatusCode::NOT_FOUND, Json(missing)),
        1 => (StatusCode::CONFLICT, Json(exists)),
        _ => (StatusCode::OK, Json(secret)),
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let access = bailiwick::cluster::KubeAccess::Url { url, token: "x".to_owned().into() };
    let client = bailiwick::cluster::Cluster::connect(&access).await.expect("a good address");
    let outcome = client.ensure_git_secret(&namespace("team1"), &flux_system(), &git_secret(2).1).await;
    assert_eq!(outcome.expect("an answer"), EnsureOutcome::AlreadyThere(theirs.public));
    server.abort();
}

#[tokio::test]
async fn flux_objects_are_read_and_asked() {
    let world = World::new().await;
    let client = world.client().await;
    let system = namespace("flux-system");
    assert_eq!(client.git_repository(&system, &flux_system()).await.expect("an answer"), None);
    let missing = client.request_reconcile(FluxKind::GitRepository, &system, &flux_system(), "1").await;
    assert!(matches!(missing, Err(ClusterError::NotFound { .. })));

    world.cluster.bootstrap("ssh://git@github.com/org/dev-cluster", "main", "./cluster").expect("a good address");
    let source = client.git_repository(&system, &flux_system()).await.expect("an answer").expect("the source");
    assert_eq!(source.url, "ssh://git@github.com/org/dev-cluster");
    assert_eq!(source.branch.as_deref(), Some("main"));
    assert_eq!(source.secret_name, Some(flux_system()));
    assert_eq!((source.generation, source.observed_generation, source.ready), (1, 0, None));

    client.request_reconcile(FluxKind::GitRepository, &system, &flux_system(), "token-1").await.expect("it is there");
    let object = world.cluster.get("GitRepository", "flux-system", "flux-system").expect("the source");
    assert_eq!(object["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"], "token-1");
    assert_eq!(object["metadata"]["generation"], 1, "an annotation is no change of the spec");
    world.cluster.reconcile_once().await;
    let source = client.git_repository(&system, &flux_system()).await.expect("an answer").expect("the source");
    assert!(source.handled("token-1") && !source.handled("token-2"));
    let failed = source.fetch_failed.expect("there is no Secret");
    assert_eq!((failed.status, failed.reason.as_str()), (ConditionStatus::True, "AuthenticationFailed"));
    assert_eq!(source.observed_generation, 0, "a failure is not the end of a generation");

    let syncs = client.kustomizations().await.expect("an answer");
    assert_eq!(syncs.len(), 1);
    assert_eq!(syncs[0].source_ref.object.to_string(), "flux-system/flux-system");
    assert_eq!(syncs[0].path, "./cluster");
    let sync = client.kustomization(&system, &flux_system()).await.expect("an answer").expect("the sync");
    assert_eq!(sync.ready.expect("a condition").reason, "ArtifactFailed");
}

#[tokio::test]
async fn a_long_list_comes_in_pages() {
    let world = World::new().await;
    world.namespace("many");
    for number in 0..260 {
        world.apply(json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": format!("sync-{number:03}"), "namespace": "many"},
            "spec": {"interval": "1m", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "none"}},
        }));
    }
    let syncs = world.client().await.kustomizations().await.expect("two pages");
    assert_eq!(syncs.len(), 260);
    assert_eq!(syncs[259].object.name.as_str(), "sync-259");
}

#[tokio::test]
async fn without_flux_the_remedy_is_named() {
    let world = World::with(|options| options.flux = false).await;
    let client = world.client().await;
    let error = client.git_repository(&namespace("flux-system"), &flux_system()).await.expect_err("no such kind");
    assert!(matches!(error, ClusterError::KindMissing { .. }), "{error}");
    assert!(error.to_string().contains("flux install"));
    assert!(matches!(client.kustomizations().await, Err(ClusterError::KindMissing { .. })));
}

#[tokio::test]
async fn refusals_and_failures_have_their_errors() {
    let world = World::new().await;
    world.namespace("team1");
    let stranger = world.client_with("wrong").await;
    assert!(matches!(stranger.namespace(&namespace("team1")).await, Err(ClusterError::Unauthorized)));
    let token = world.cluster.token_for("system:serviceaccount:bailiwick:bailiwick");
    let powerless = world.client_with(&token).await;
    let error = powerless.secret(&namespace("team1"), &flux_system()).await.expect_err("no rights");
    assert!(error.to_string().contains("grant `get` on `secrets`"), "{error}");
    let client = world.client().await;
    for code in [500, 503, 429] {
        world.cluster.faults().fail_requests(1, code, Requests::Reads);
        let error = client.namespace(&namespace("team1")).await.expect_err("a fault");
        assert!(matches!(error, ClusterError::Unavailable { .. }), "{code}: {error}");
        assert!(error.is_transient());
    }
    let gone = world.cluster.url();
    drop(world);
    let access = bailiwick::cluster::KubeAccess::Url { url: gone, token: "x".to_owned().into() };
    let client = bailiwick::cluster::Cluster::connect(&access).await.expect("nothing is sent yet");
    let error = client.namespace(&namespace("team1")).await.expect_err("nobody listens");
    assert!(matches!(error, ClusterError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn the_kubeconfig_leads_to_the_cluster() {
    let world = World::new().await;
    let path = world.cluster.kubeconfig_path();
    world.cluster.write_kubeconfig(&path).expect("our own directory");
    for context in [None, Some("sandbox".to_owned())] {
        let access = bailiwick::cluster::KubeAccess::Kubeconfig { path: path.clone(), context };
        let client = bailiwick::cluster::Cluster::connect(&access).await.expect("a good file");
        assert!(client.namespace(&namespace("default")).await.expect("an answer").is_some());
    }
    let access = bailiwick::cluster::KubeAccess::Kubeconfig { path, context: Some("other".to_owned()) };
    let error = bailiwick::cluster::Cluster::connect(&access).await.expect_err("no such context");
    assert!(error.to_string().contains("the context other"), "{error}");
}
