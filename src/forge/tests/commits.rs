use super::*;

const NEW: &str = "1111111111111111111111111111111111111111";
const BASE: &str = "2222222222222222222222222222222222222222";

fn change(branch: &str, expected: Option<&str>) -> NewCommit {
    NewCommit {
        branch: branch.parse().unwrap(),
        expected: expected.map(|id| id.parse().unwrap()),
        parent: HEAD.parse().unwrap(),
        parent_tree: None,
        message: "Add team2".to_owned(),
        files: vec![
            FileChange::write("cluster/team2/namespace.yaml".parse().unwrap(), "kind: Namespace\n"),
            FileChange::delete("cluster/old.yaml".parse().unwrap()),
        ],
    }
}

async fn git_world() -> World {
    World::new(|seen| {
        let object = |sha: &str| json!({ "sha": sha, "tree": { "sha": "t0" }, "verification": { "verified": true } });
        match (seen.method.as_str(), seen.path.strip_prefix("/repos/org/dev-cluster/git/").unwrap()) {
            ("GET", path) if path.starts_with("ref/") => ok(json!({ "object": { "sha": BASE } })),
            ("GET", _) => ok(object(HEAD)),
            ("POST", "trees") => (201, vec![], json!({ "sha": "t1" })),
            ("POST", "commits") => (201, vec![], object(NEW)),
            ("POST", "refs") if seen.body["ref"].as_str().unwrap().ends_with("taken") => {
                (422, vec![], json!({ "message": "Reference already exists" }))
            }
            ("PATCH", path) if path.ends_with("/main") => {
                (422, vec![], json!({ "message": "Update is not a fast forward" }))
            }
            _ => ok(json!({ "ref": "x", "object": { "sha": NEW } })),
        }
    })
    .await
}

#[tokio::test]
async fn a_new_branch_gets_one_signed_commit() {
    let world = git_world().await;
    let made = world.repo(Access::PROPOSE).commit_files(&change("bailiwick/create-team/team2", None)).await.unwrap();
    assert_eq!((made.id.as_str(), made.verified), (NEW, true));
    let seen = world.seen();
    let body = |path: &str| {
        seen.iter().find(|seen| seen.is("POST", &format!("/repos/org/dev-cluster/git/{path}"))).unwrap().body.clone()
    };
    assert_eq!(
        body("trees"),
        json!({ "base_tree": "t0", "tree": [
            { "path": "cluster/team2/namespace.yaml", "mode": "100644", "type": "blob", "content": "kind: Namespace\n" },
            { "path": "cluster/old.yaml", "mode": "100644", "type": "blob", "sha": null },
        ] })
    );
    assert_eq!(body("commits"), json!({ "message": "Add team2", "tree": "t1", "parents": [HEAD] }));
    assert_eq!(body("refs"), json!({ "ref": "refs/heads/bailiwick/create-team/team2", "sha": NEW }));
}

#[tokio::test]
async fn a_branch_that_was_moved_is_a_conflict() {
    let world = git_world().await;
    let repo = world.repo(Access::PROPOSE);
    for new in [change("main", Some(HEAD)), change("bailiwick/taken", None), change("bailiwick/x", Some(NEW))] {
        let error = repo.commit_files(&new).await.unwrap_err();
        assert!(matches!(error, ForgeError::Conflict { .. }), "{}: {error}", new.branch);
    }
}

#[tokio::test]
async fn only_our_branches_are_rebuilt() {
    let world = git_world().await;
    let repo = world.repo(Access::PROPOSE);
    let error = repo.commit_files(&change("topic", Some(BASE))).await.unwrap_err();
    assert!(matches!(error, ForgeError::Refused { .. }), "{error}");
    assert_eq!(world.forge.requests(), 0);
    repo.commit_files(&change("bailiwick/x", Some(BASE))).await.unwrap();
    let last = world.seen().pop().unwrap();
    assert_eq!(last.path, "/repos/org/dev-cluster/git/refs/heads/bailiwick/x");
    assert_eq!(last.body, json!({ "sha": NEW, "force": true }));
    repo.delete_branch(&"main".parse::<BranchName>().unwrap()).await.unwrap_err();
}

#[tokio::test]
async fn workflow_files_are_refused() {
    let world = git_world().await;
    let mut new = change("bailiwick/x", None);
    new.files.push(FileChange::write(".github/Workflows/x.yaml".parse().unwrap(), "on: push"));
    let error = world.repo(Access::PROPOSE).commit_files(&new).await.unwrap_err();
    assert!(matches!(error, ForgeError::Refused { .. }), "{error}");
    assert_eq!(world.forge.requests(), 0);
}

#[tokio::test]
async fn an_empty_repository_is_explained() {
    let world = World::new(|_| (409, vec![], json!({ "message": "Git Repository is empty." }))).await;
    let repo = world.repo(Access::PROPOSE);
    assert_eq!(repo.branch_head(&"main".parse().unwrap()).await.unwrap(), None);
    let error = repo.commit_files(&change("bailiwick/x", None)).await.unwrap_err();
    assert!(matches!(error, ForgeError::EmptyRepository { .. }), "{error}");
}
