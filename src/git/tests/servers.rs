//! Servers that are not GitHub's.

use super::*;

impl World {
    async fn fetch_through(&self, want: &CommitId, refs: &[&str]) -> Result<Fetched, GitError> {
        let refs: Vec<String> = refs.iter().map(|name| (*name).to_owned()).collect();
        let remote = Remote { clone_url: &self.url, token: Some(&token()) };
        self.mirror().fetch_through(&remote, std::slice::from_ref(want), &refs).await
    }

    /// A commit that is no branch's tip any more, but that the tip of `topic` comes from.
    fn passed(&self) -> CommitId {
        self.write("a", "1");
        self.push("main");
        self.write("a", "2");
        let passed = self.push("topic");
        self.write("a", "3");
        self.push("topic");
        passed
    }
}

#[tokio::test]
async fn a_commit_that_is_refused_comes_with_the_branch_that_holds_it() {
    for modern in [true, false] {
        let world = World::new().await;
        let passed = world.passed();
        world.modern.store(modern, Ordering::SeqCst);
        passed.as_str().clone_into(&mut world.kept_back.lock().unwrap());
        assert!(matches!(world.fetch(&[&passed]).await, Err(GitError::Missing(id)) if id == passed), "{modern}");
        let fetched = world.fetch_through(&passed, &["refs/pull/7/head", "refs/heads/topic"]).await.unwrap();
        assert!(fetched.objects > 0 && world.mirror().has(&passed), "{modern}");
        let snapshot = world.mirror().snapshot(&passed).unwrap();
        assert_eq!(text(snapshot.read(&"a".parse().unwrap()).unwrap().as_ref()), "2");
        let asked = world.requests().len();
        world.fetch_through(&passed, &["refs/heads/topic"]).await.unwrap();
        assert_eq!(world.requests().len(), asked, "it is here now");
    }
}

#[tokio::test]
async fn the_head_of_a_pull_request_comes_through_its_ref() {
    let world = World::new().await;
    let passed = world.passed();
    let bare = world.folder.path().join("served/org/repo.git");
    git(&bare, &["update-ref", "refs/pull/7/head", passed.as_str()]);
    world.git(&["push", "-q", "origin", ":topic"]);
    passed.as_str().clone_into(&mut world.kept_back.lock().unwrap());
    let refused = world.fetch_through(&passed, &["refs/pull/7/head"]).await;
    assert!(matches!(refused, Err(GitError::Missing(_))), "it is refused by every name: {refused:?}");
    world.kept_back.lock().unwrap().clear();
    world.modern.store(false, Ordering::SeqCst);
    world.fetch_through(&passed, &["refs/pull/7/head"]).await.unwrap();
    assert!(world.mirror().has(&passed));
}

#[tokio::test]
async fn refs_that_do_not_lead_to_the_commit_do_not_help() {
    let world = World::new().await;
    let passed = world.passed();
    passed.as_str().clone_into(&mut world.kept_back.lock().unwrap());
    for refs in [&["refs/heads/none"][..], &["refs/heads/main"]] {
        let refused = world.fetch_through(&passed, refs).await;
        assert!(matches!(&refused, Err(GitError::Missing(id)) if *id == passed), "{refs:?}: {refused:?}");
    }
    assert!(!world.mirror().has(&passed));
}

#[tokio::test]
async fn compressed_answers_are_read() {
    for modern in [true, false] {
        let world = World::new().await;
        world.modern.store(modern, Ordering::SeqCst);
        world.packed.store(true, Ordering::SeqCst);
        world.write("a", "1");
        let commit = world.push("main");
        assert_eq!(world.fetch(&[&commit]).await.unwrap().objects, 3);
    }
}
