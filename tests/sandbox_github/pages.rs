use crate::world::*;

async fn page(world: &World, path: &str) -> (u16, String) {
    let response = world.client.get(format!("{}{path}", world.github.base_url())).send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn submit(world: &World, path: &str, origin: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let mut request = world.client.post(format!("{}{path}", world.github.base_url())).body(body.join("&"));
    if !origin.is_empty() {
        request = request.header("origin", origin);
    }
    let response = request.send().await.unwrap();
    let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), location.unwrap_or_default())
}

#[tokio::test]
async fn a_pull_request_shows_its_checks_on_the_lines() {
    let world = World::new().await;
    let (number, sha) = world.pull().await;
    world.github.protect(REPO, &["bailiwick/review"]).unwrap();
    let annotation = json!({"path": "cluster/b.yaml", "start_line": 2, "end_line": 2,
        "annotation_level": "failure", "message": "<script>alert(1)</script>", "title": "Not yours"});
    let run = json!({"name": "bailiwick/review", "head_sha": sha, "conclusion": "failure",
        "output": {"title": "1 error", "summary": "**bold** <img src=x>", "annotations": [annotation]}});
    world.post(&repo("/check-runs"), &world.token().await, run).await;
    let (status, shown) = page(&world, &format!("/{REPO}/pull/{number}")).await;
    assert_eq!(status, 200);
    assert!(shown.contains("<strong>bold</strong>") && shown.contains("Not yours"), "{shown}");
    assert!(!shown.contains("<script") && !shown.contains("<img"), "{shown}");
    assert!(shown.contains("<button disabled>Merge pull request"), "{shown}");
    assert!(shown.find("c: 2") < shown.find("Not yours"));
    let (_, list) = page(&world, "/").await;
    assert!(list.contains(REPO) && list.contains("1 open pull request"));
    assert_eq!(page(&world, &format!("/{REPO}")).await.0, 200);
    assert_eq!(page(&world, &format!("/{REPO}/commit/{sha}")).await.0, 200);
    assert!(page(&world, &format!("/{REPO}/blob/change/cluster/b.yaml")).await.1.contains("c: 2"));
    assert_eq!(page(&world, "/org/nothing").await.0, 404);
}

#[tokio::test]
async fn forms_act_as_a_person_with_their_rights_and_from_here_only() {
    let world = World::new().await;
    let (number, _) = world.pull().await;
    let here = world.github.base_url().to_owned();
    let path = format!("/{REPO}/pull/{number}/comment");
    let fields = [("as", "bob"), ("body", "/help\r\nplease")];
    for origin in ["", "null", "http://evil.example", "http://127.0.0.1:1"] {
        assert_eq!(submit(&world, &path, origin, &fields).await.0, 403, "{origin}");
    }
    assert_eq!(submit(&world, &path, &here, &fields).await.0, 303);
    let comments = world.github.comments(REPO, number);
    assert_eq!((comments.len(), comments[0].author.as_str(), comments[0].body.as_str()), (1, "bob", "/help\nplease"));
    let merge = format!("/{REPO}/pull/{number}/merge");
    assert_eq!(submit(&world, &merge, &here, &[("as", "bob")]).await.0, 403);
    assert_eq!(submit(&world, &merge, &here, &[("as", "alice")]).await.0, 303);
    assert!(world.github.pull(REPO, number).unwrap().merged.is_some());
}

#[tokio::test]
async fn an_edited_file_becomes_a_pull_request() {
    let world = World::new().await;
    let (_, form) = page(&world, &format!("/{REPO}/edit/main/cluster/a.yaml")).await;
    assert!(form.contains("a: 1"));
    let here = world.github.base_url().to_owned();
    let fields =
        [("as", "alice"), ("base", "main"), ("path", "cluster/a.yaml"), ("content", "a: 9\r\n"), ("title", "Nine")];
    let (status, location) = submit(&world, &format!("/{REPO}/propose"), &here, &fields).await;
    assert_eq!((status, location), (303, format!("/{REPO}/pull/1")));
    let pull = world.github.pull(REPO, 1).unwrap();
    assert_eq!((pull.head.as_str(), pull.author.as_str()), ("alice-patch-1", "alice"));
    assert_eq!(world.github.read_file(REPO, "alice-patch-1", "cluster/a.yaml").await.as_deref(), Some("a: 9\n"));
    let bad = [("as", "alice"), ("base", "main"), ("path", "../x"), ("content", ""), ("title", "t")];
    assert_eq!(submit(&world, &format!("/{REPO}/propose"), &here, &bad).await.0, 422);
}
