//! The Kubernetes API as strict clients meet it.

use bailiwick::sandbox::cluster::Requests;
use futures::StreamExt as _;
use kube::api::{DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::watcher;
use kube::{Api, Client, Config};
use serde_json::{Value, json};

use crate::world::World;

fn config_map(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"},
           "data": {"key": value}})
}

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn kube_client(world: &World) -> Client {
    let mut config = Config::new(world.cluster.url().parse().expect("a URL"));
    config.auth_info.token = Some(world.cluster.token().to_owned().into());
    Client::try_from(config).expect("a client")
}

#[tokio::test]
async fn objects_are_made_once_and_versions_move() {
    let world = World::new().await;
    let (code, made) = world.request("POST", CONFIG_MAPS, Some(config_map("a", "1"))).await;
    assert_eq!(code, 201);
    let version = |object: &Value| {
        object["metadata"]["resourceVersion"].as_str().expect("a version").parse::<u64>().expect("a number")
    };
    assert!(made["metadata"]["uid"].is_string() && made["metadata"]["creationTimestamp"] == "2026-03-01T12:00:00Z");
    let (code, status) = world.request("POST", CONFIG_MAPS, Some(config_map("a", "1"))).await;
    assert_eq!((code, &status["reason"]), (409, &json!("AlreadyExists")));
    assert_eq!(status["details"], json!({"name": "a", "group": "", "kind": "configmaps"}));
    let (code, same) = world.request("PUT", &format!("{CONFIG_MAPS}/a"), Some(config_map("a", "1"))).await;
    assert_eq!((code, version(&same)), (200, version(&made)), "nothing changed");
    let (_, changed) = world.request("PUT", &format!("{CONFIG_MAPS}/a"), Some(config_map("a", "2"))).await;
    assert!(version(&changed) > version(&made));
    let (code, status) = world.request("PUT", &format!("{CONFIG_MAPS}/a"), Some(made)).await;
    assert_eq!((code, &status["reason"]), (409, &json!("Conflict")), "the version is stale");
    let (code, status) = world.request("DELETE", &format!("{CONFIG_MAPS}/a"), None).await;
    assert_eq!((code, &status["status"]), (200, &json!("Success")));
    let (code, status) = world.request("GET", &format!("{CONFIG_MAPS}/a"), None).await;
    assert_eq!((code, &status["message"]), (404, &json!("configmaps \"a\" not found")));
}

#[tokio::test]
async fn what_is_malformed_is_refused() {
    let world = World::new().await;
    let post = async |path: &str, object: Value| world.request("POST", path, Some(object)).await.0;
    assert_eq!(post(CONFIG_MAPS, config_map("Upper", "1")).await, 422);
    assert_eq!(post(CONFIG_MAPS, json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}})).await, 400);
    assert_eq!(
        post(CONFIG_MAPS, json!({"apiVersion": "v2", "kind": "ConfigMap", "metadata": {"name": "a"}})).await,
        400
    );
    assert_eq!(
        post(
            "/api/v1/namespaces/nowhere/configmaps",
            json!({"apiVersion": "v1", "kind": "ConfigMap",
               "metadata": {"name": "a"}})
        )
        .await,
        404
    );
    assert_eq!(post("/api/v1/namespaces/kube-system/configmaps", config_map("a", "1")).await, 400);
    let secrets = "/api/v1/namespaces/default/secrets";
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "not base64"}});
    assert_eq!(post(secrets, secret).await, 400);
    let sources = "/apis/source.toolkit.fluxcd.io/v1/namespaces/default/gitrepositories";
    let source = |url: &str, interval: &str| {
        json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": "a"},
               "spec": {"url": url, "interval": interval}})
    };
    assert_eq!(post(sources, source("git@github.com:org/repo", "1m")).await, 422, "the scp form");
    assert_eq!(post(sources, source("ssh://git@github.com/org/repo", "soon")).await, 422);
    assert_eq!(post(sources, source("ssh://git@github.com/org/repo", "1m")).await, 201);
    assert_eq!(world.request("GET", "/apis/example.com/v1/things", None).await.0, 404);
    assert_eq!(world.request("POST", &format!("{CONFIG_MAPS}/a"), Some(config_map("a", "1"))).await.0, 405);
    let (code, _) = world.request_as("PATCH", &format!("{CONFIG_MAPS}/a"), "text/plain", "{}".to_owned()).await;
    assert_eq!(code, 404);
}

#[tokio::test]
async fn the_status_is_written_apart() {
    let world = World::new().await;
    let path = "/apis/source.toolkit.fluxcd.io/v1/namespaces/default/gitrepositories";
    let object = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": "a"},
                        "spec": {"url": "https://example.com/a", "interval": "1m"}, "status": {"observedGeneration": 9}});
    let (_, made) = world.request("POST", path, Some(object)).await;
    assert_eq!(made.get("status"), None);
    let one = format!("{path}/a");
    let (_, object) = world.request("PATCH", &one, Some(json!({"spec": {"interval": "2m"}, "status": {"x": 1}}))).await;
    assert_eq!((object.get("status"), &object["metadata"]["generation"]), (None, &json!(2)));
    let status = json!({"spec": {"interval": "9m"}, "status": {"observedGeneration": 2}});
    let (_, object) = world.request("PATCH", &format!("{one}/status"), Some(status)).await;
    assert_eq!(object["status"]["observedGeneration"], 2);
    assert_eq!((&object["spec"]["interval"], &object["metadata"]["generation"]), (&json!("2m"), &json!(2)));
    let mut stale = object.clone();
    stale["metadata"].as_object_mut().expect("a map").remove("resourceVersion");
    assert_eq!(world.request("PUT", &one, Some(stale)).await.0, 422, "custom resources need the version");
}

#[tokio::test]
async fn applies_own_their_fields_and_dry_runs_leave_no_trace() {
    let world = World::new().await;
    let path = format!("{CONFIG_MAPS}/a");
    let apply = async |manager: &str, data: Value, more: &str| {
        let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data});
        let path = format!("{path}?fieldManager={manager}{more}");
        world.request_as("PATCH", &path, "application/apply-patch+yaml", body.to_string()).await
    };
    assert_eq!(apply("", json!({}), "").await.0, 422, "a manager is required");
    assert_eq!(apply("one", json!({"a": "1"}), "&dryRun=All").await.0, 201);
    assert_eq!(world.request("GET", &path, None).await.0, 404);
    assert_eq!(apply("one", json!({"a": "1", "b": "1"}), "").await.0, 201);
    assert_eq!(apply("two", json!({"c": "1"}), "").await.0, 200);
    let (_, object) = apply("one", json!({"a": "2"}), "").await;
    assert_eq!(object["data"], json!({"a": "2", "c": "1"}));
}

#[tokio::test]
async fn lists_are_selected_and_paged() {
    let world = World::new().await;
    for (name, team) in [("a", "one"), ("b", "two"), ("c", "one")] {
        let mut object = config_map(name, "1");
        object["metadata"]["labels"] = json!({"team": team});
        world.apply(object);
    }
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().expect("items").iter();
        items.map(|item| item["metadata"]["name"].as_str().expect("a name").to_owned()).collect()
    };
    let (_, list) = world.request("GET", &format!("{CONFIG_MAPS}?labelSelector=team%3Done"), None).await;
    assert_eq!((names(&list), &list["kind"]), (vec!["a".to_owned(), "c".to_owned()], &json!("ConfigMapList")));
    let (_, list) = world.request("GET", &format!("{CONFIG_MAPS}?fieldSelector=metadata.name%3Db"), None).await;
    assert_eq!(names(&list), ["b"]);
    let (_, list) = world.request("GET", &format!("{CONFIG_MAPS}?limit=2"), None).await;
    assert_eq!((names(&list).len(), &list["metadata"]["remainingItemCount"]), (2, &json!(1)));
    let token = list["metadata"]["continue"].as_str().expect("a token");
    let next = format!("{CONFIG_MAPS}?limit=2&continue={token}");
    assert_eq!(names(&world.request("GET", &next, None).await.1), ["c"]);
    world.cluster.expire_watches();
    let (code, status) = world.request("GET", &next, None).await;
    assert_eq!((code, &status["reason"]), (410, &json!("Expired")));
}

#[tokio::test]
async fn kubes_watcher_sees_changes_survives_a_cut_and_an_expiry() {
    let world = World::new().await;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap"));
    let api: Api<DynamicObject> = Api::namespaced_with(kube_client(&world), "default", &resource);
    let mut names = Box::pin(watcher(api.clone(), watcher::Config::default()));
    let object: DynamicObject = serde_json::from_value(config_map("a", "1")).expect("an object");
    api.create(&PostParams::default(), &object).await.expect("a new name");
    assert_eq!(next_named(&mut names, "a").await, "1");
    world.cluster.faults().cut_watches();
    world.apply(config_map("a", "2"));
    assert_eq!(next_value(&mut names, "a", "2").await, "2");
    world.cluster.expire_watches();
    world.apply(config_map("a", "3"));
    assert_eq!(next_value(&mut names, "a", "3").await, "3");
}

type Event = Result<watcher::Event<DynamicObject>, watcher::Error>;

async fn next_named(events: &mut (impl futures::Stream<Item = Event> + Unpin), name: &str) -> String {
    loop {
        let event = events.next().await.expect("a watcher never ends");
        if let Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) = event
            && object.metadata.name.as_deref() == Some(name)
        {
            return object.data["data"]["key"].as_str().expect("text").to_owned();
        }
    }
}

async fn next_value(events: &mut (impl futures::Stream<Item = Event> + Unpin), name: &str, value: &str) -> String {
    loop {
        let seen = next_named(events, name).await;
        if seen == value {
            return seen;
        }
    }
}

/// A raw watch, line by line.
struct Lines {
    answer: reqwest::Response,
    buffer: Vec<u8>,
}

impl Lines {
    async fn open(world: &World, query: &str) -> Self {
        let url = format!("{}{CONFIG_MAPS}?watch=true&{query}", world.cluster.url());
        let answer = world.http.get(url).bearer_auth(world.cluster.token()).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        Self { answer, buffer: Vec::new() }
    }

    /// The next event, `None` at a clean end, an error where the connection breaks.
    async fn next(&mut self) -> Result<Option<Value>, reqwest::Error> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(Some(serde_json::from_slice(&line).expect("one object per line")));
            }
            match self.answer.chunk().await? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None => return Ok(None),
            }
        }
    }

    async fn event(&mut self) -> Value {
        self.next().await.expect("no break").expect("no end")
    }
}

#[tokio::test]
async fn a_watch_starts_where_it_is_told_and_old_versions_are_gone() {
    let world = World::new().await;
    world.apply(config_map("a", "1"));
    let (_, list) = world.request("GET", CONFIG_MAPS, None).await;
    let version = list["metadata"]["resourceVersion"].as_str().expect("a version").to_owned();
    world.apply(config_map("a", "2"));
    world.cluster.delete("ConfigMap", "default", "a").expect("it is there");
    let mut events = Lines::open(&world, &format!("resourceVersion={version}")).await;
    assert_eq!(events.event().await["type"], "MODIFIED");
    let deleted = events.event().await;
    assert_eq!((&deleted["type"], &deleted["object"]["data"]["key"]), (&json!("DELETED"), &json!("2")));
    world.cluster.expire_watches();
    let expired = events.event().await;
    assert_eq!((&expired["type"], &expired["object"]["code"]), (&json!("ERROR"), &json!(410)));
    let mut late = Lines::open(&world, &format!("resourceVersion={version}")).await;
    let expired = late.event().await;
    assert_eq!(expired["object"]["reason"], "Expired");
}

#[tokio::test]
async fn a_watch_ends_in_time_with_a_bookmark_or_breaks_when_cut() {
    let world = World::new().await;
    let (_, list) = world.request("GET", CONFIG_MAPS, None).await;
    let version = list["metadata"]["resourceVersion"].as_str().expect("a version").to_owned();
    let query = format!("resourceVersion={version}&timeoutSeconds=1&allowWatchBookmarks=true");
    let mut events = Lines::open(&world, &query).await;
    assert_eq!(events.event().await["type"], "BOOKMARK");
    assert_eq!(events.next().await.expect("a clean end"), None);
    let mut events = Lines::open(&world, &format!("resourceVersion={version}")).await;
    world.apply(config_map("a", "1"));
    assert_eq!(events.event().await["type"], "ADDED");
    world.cluster.faults().cut_watches();
    assert!(events.next().await.is_err());
}

#[tokio::test]
async fn definitions_bring_kinds_and_take_them_away() {
    let world = World::new().await;
    let things = "/apis/example.com/v1/namespaces/default/things";
    assert_eq!(world.request("GET", things, None).await.0, 404);
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"},
                 "versions": [{"name": "v1", "served": true, "storage": true,
                               "schema": {"openAPIV3Schema": {"type": "object"}}}]},
    });
    world.apply(definition);
    let thing = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": {}});
    assert_eq!(world.request("POST", things, Some(thing)).await.0, 201);
    let (_, groups) = world.request("GET", "/apis", None).await;
    assert!(groups.to_string().contains("example.com/v1"));
    let (_, resources) = world.request("GET", "/apis/example.com/v1", None).await;
    assert_eq!(resources["resources"][0]["kind"], "Thing");
    world.cluster.delete("CustomResourceDefinition", "", "things.example.com").expect("it is there");
    assert_eq!(world.request("GET", things, None).await.0, 404);
    assert!(world.cluster.list("Thing", "").is_empty());
}

#[tokio::test]
async fn a_namespace_goes_with_everything_in_it_and_waits_for_finalizers() {
    let world = World::new().await;
    world.namespace("team1");
    let mut kept = config_map("kept", "1");
    kept["metadata"] = json!({"name": "kept", "namespace": "team1", "finalizers": ["example.com/hold"]});
    world.apply(kept);
    let (_, gone) = world.request("DELETE", "/api/v1/namespaces/team1", None).await;
    assert_eq!(gone["status"]["phase"], "Terminating");
    assert!(world.cluster.get("ServiceAccount", "team1", "default").is_none());
    let inside = "/api/v1/namespaces/team1/configmaps";
    let new = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new"}});
    assert_eq!(world.request("POST", inside, Some(new)).await.0, 403);
    let free = json!({"metadata": {"finalizers": null}});
    assert_eq!(world.request("PATCH", &format!("{inside}/kept"), Some(free)).await.0, 200);
    assert!(world.cluster.get("Namespace", "", "team1").is_none());
}

#[tokio::test]
async fn the_page_is_for_people_and_the_rest_needs_a_token() {
    let world = World::new().await;
    world.cluster.bootstrap("https://example.com/<script>alert(1)</script>", "main", "./cluster").expect("a URL");
    let page = world.http.get(world.cluster.url()).header("accept", "text/html").send().await.expect("a page");
    assert_eq!(page.status(), 200);
    let text = page.text().await.expect("text");
    assert!(text.contains("flux-system/flux-system") && text.contains("&lt;script&gt;"));
    assert!(!text.contains("<script>"));
    let bare = world.http.get(format!("{}/api/v1/namespaces", world.cluster.url())).send().await.expect("an answer");
    assert_eq!(bare.status(), 401);
    assert_eq!(bare.json::<Value>().await.expect("a Status")["kind"], "Status");
    for (token, code) in [(world.cluster.token(), 200), ("wrong", 401)] {
        let url = format!("{}/token/{token}/api/v1/namespaces", world.cluster.url());
        assert_eq!(world.http.get(url).send().await.expect("an answer").status(), code, "kubectl's way");
    }
}

#[tokio::test]
async fn faults_strike_as_often_as_told() {
    let world = World::new().await;
    world.cluster.faults().fail_requests(2, 503, Requests::Writes);
    assert_eq!(world.request("GET", CONFIG_MAPS, None).await.0, 200);
    for expected in [503, 503, 201] {
        assert_eq!(world.request("POST", CONFIG_MAPS, Some(config_map("a", "1"))).await.0, expected);
    }
}
