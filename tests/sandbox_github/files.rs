use crate::world::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

fn file(text: &str) -> Value {
    json!({"message": "Write it", "content": STANDARD.encode(text)})
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

#[tokio::test]
async fn the_first_file_makes_the_branch_of_an_empty_repository() {
    let world = World::new().await;
    world.github.create_repository("org/empty", &[]).await.unwrap();
    let token = world.token().await;
    let path = "/repos/org/empty/contents/docs/README.md";
    let made = world.send(Method::PUT, path, &token, file("# Team\n")).await;
    assert_eq!((made.status, &made.body["content"]["path"]), (201, &json!("docs/README.md")));
    assert_eq!(made.body["commit"]["verification"]["verified"], true);
    assert_eq!(made.body["commit"]["parents"], json!([]));
    let read = world.github.read_file("org/empty", "main", "docs/README.md").await;
    assert_eq!(read.as_deref(), Some("# Team\n"));
    let tip = world.github.branch_tip("org/empty", "main").await;
    assert_eq!(tip.as_deref(), made.body["commit"]["sha"].as_str());
}

#[tokio::test]
async fn a_file_is_changed_by_those_who_have_seen_it() {
    let world = World::new().await;
    let token = world.token().await;
    let path = repo("/contents/cluster/a.yaml");
    let put = async |body: Value| world.send(Method::PUT, &path, &token, body).await;
    let blind = put(file("a: 2\n")).await;
    assert_eq!((blind.status, blind.message()), (422, "Invalid request.\n\n\"sha\" wasn't supplied."));
    let stale = put(with(file("a: 2\n"), "sha", json!("0".repeat(40)))).await;
    assert_eq!(stale.status, 409);
    let sha = world.get(&path, &token).await.body["sha"].clone();
    let changed = put(with(file("a: 2\n"), "sha", sha.clone())).await;
    assert_eq!((changed.status, &changed.body["commit"]["message"]), (200, &json!("Write it")));
    assert_eq!(put(with(file("a: 3\n"), "sha", sha)).await.status, 409, "it is another one now");
    let elsewhere = put(with(file("x"), "branch", json!("none"))).await;
    assert_eq!((elsewhere.status, elsewhere.message()), (404, "Branch none not found"));
    assert_eq!(put(with(file("x"), "content", json!("no base64!"))).await.status, 422);
    assert_eq!(put(json!({"content": ""})).await.status, 422);
    let named = json!({"name": "Ann", "email": "ann@example.org"});
    let fresh = repo("/contents/new.txt");
    let signed = world.send(Method::PUT, &fresh, &token, with(file("n"), "author", named)).await;
    assert_eq!((signed.status, &signed.body["commit"]["author"]["name"]), (201, &json!("Ann")));
    assert_eq!(signed.body["commit"]["verification"]["verified"], false);
    for bad in ["/contents/../x", "/contents/.git/config", "/contents/cluster"] {
        let reply = world.send(Method::PUT, &repo(&bad.replace("..", "%2E%2E")), &token, file("x")).await;
        assert!([404, 422].contains(&reply.status), "{bad}: {}", reply.status);
    }
}

#[tokio::test]
async fn a_file_is_deleted_by_those_who_have_seen_it() {
    let world = World::new().await;
    let (number, _) = world.pull().await;
    let token = world.token().await;
    let path = repo("/contents/cluster/b.yaml");
    let delete = async |body: Value| world.send(Method::DELETE, &path, &token, body).await;
    let sha = world.get(&format!("{path}?ref=change"), &token).await.body["sha"].clone();
    let wish = json!({"message": "Away", "sha": sha, "branch": "change"});
    assert_eq!(delete(with(wish.clone(), "branch", json!("main"))).await.status, 404, "it is not there");
    assert_eq!(delete(with(wish.clone(), "sha", json!("0".repeat(40)))).await.status, 409);
    assert_eq!(delete(json!({"message": "Away"})).await.status, 422);
    let gone = delete(wish).await;
    assert_eq!((gone.status, &gone.body["content"]), (200, &Value::Null));
    assert_eq!(world.github.read_file(REPO, "change", "cluster/b.yaml").await, None);
    let head = world.github.pull(REPO, number).unwrap().head_sha;
    assert_eq!(json!(head), gone.body["commit"]["sha"], "the pull request follows");
}

#[tokio::test]
async fn protected_branches_and_workflows_are_not_written() {
    let world = World::new().await;
    let token = world.token().await;
    let workflow = repo("/contents/.github/workflows/x.yaml");
    let refused = world.send(Method::PUT, &workflow, &token, file("on: push\n")).await;
    assert_eq!((refused.status, refused.message()), (403, "Resource not accessible by integration"));
    let main = world.main().await;
    let entry = json!({"path": ".github/workflows/x.yaml", "mode": "100644", "type": "blob", "content": "on: push\n"});
    let tree = world.post(&repo("/git/trees"), &token, json!({"base_tree": main, "tree": [entry]})).await;
    let commit = json!({"message": "m", "tree": tree.body["sha"], "parents": [main]});
    let commit = world.post(&repo("/git/commits"), &token, commit).await.body["sha"].clone();
    let branch = json!({"ref": "refs/heads/x", "sha": commit});
    assert_eq!(world.post(&repo("/git/refs"), &token, branch.clone()).await.status, 403);
    assert_eq!(world.post(&repo("/git/refs"), &world.user("alice"), branch).await.status, 201, "people may");
    world.github.set_permission("org", "workflows", Some(Level::Write)).unwrap();
    let token = world.token().await;
    assert_eq!(world.send(Method::PUT, &workflow, &token, file("on: push\n")).await.status, 201);
    world.github.protect(REPO, &["bailiwick/review"]).unwrap();
    let refused = world.send(Method::PUT, &repo("/contents/x"), &token, file("x")).await;
    assert_eq!(refused.status, 409);
    let reader = world.mint(json!({"permissions": {"contents": "read"}})).await.body["token"].clone();
    assert_eq!(world.send(Method::PUT, &repo("/contents/x"), reader.as_str().unwrap(), file("x")).await.status, 403);
}
