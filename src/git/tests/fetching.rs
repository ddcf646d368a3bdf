use super::*;

#[tokio::test]
async fn a_commit_is_fetched_and_the_next_brings_only_what_is_new() {
    let world = World::new().await;
    for number in 0..200 {
        // Contents that do not compress into each other.
        let line = STANDARD.encode(git2::Oid::hash_object(git2::ObjectType::Blob, &[number]).unwrap().as_bytes());
        world.write(&format!("dir{}/{number}.yaml", number % 10), line.repeat(20));
    }
    let first = world.push("main");
    let all = world.fetch(&[&first]).await.unwrap();
    assert!(all.objects > 200, "{all:?}");
    world.write("dir3/new.yaml", "kind: Namespace\n");
    let second = world.push("main");
    let new = world.fetch(&[&first, &second]).await.unwrap();
    assert_eq!(new.objects, 4, "a commit, two trees, a file: {new:?}");
    let snapshot = world.mirror().snapshot(&second).unwrap();
    assert_eq!(text(snapshot.read(&"dir3/new.yaml".parse().unwrap()).unwrap().as_ref()), "kind: Namespace\n");
    assert_eq!(snapshot.walk("").unwrap().files.len(), 201);
}

#[tokio::test]
async fn what_is_here_is_not_asked_for() {
    let world = World::new().await;
    world.write("a", "1");
    let commit = world.push("main");
    world.fetch(&[&commit]).await.unwrap();
    let before = world.requests().len();
    assert_eq!(before, 2, "{:?}", world.requests());
    assert_eq!(world.fetch(&[&commit]).await.unwrap(), Fetched::default());
    assert_eq!(world.requests().len(), before);
    assert!(world.mirror().has(&commit));
    // Another process's handle sees it too.
    let again = Mirrors::new(GitSettings::new(world.folder.path().join("mirrors"))).unwrap();
    assert!(again.open(RepositoryId::new(42)).unwrap().has(&commit));
}

#[tokio::test]
async fn fetches_at_one_time_ask_once() {
    let world = World::new().await;
    world.write("a", "1");
    let commit = world.push("main");
    let wants = [&commit];
    let fetches = (0..8).map(|_| world.fetch(&wants));
    for fetched in futures::future::join_all(fetches).await {
        fetched.unwrap();
    }
    assert_eq!(world.requests().len(), 2, "{:?}", world.requests());
}

#[tokio::test]
async fn a_commit_that_no_branch_has_any_more_can_still_come() {
    let world = World::new().await;
    world.write("a", "1");
    let first = world.push("topic");
    world.git(&["commit", "-q", "--amend", "-m", "other"]);
    world.push("topic");
    world.fetch(&[&first]).await.unwrap();
}

#[tokio::test]
async fn a_dropped_commit_is_an_answer() {
    let world = World::new().await;
    world.write("a", "1");
    let base = world.push("main");
    world.fetch(&[&base]).await.unwrap();
    world.write("a", "2");
    let gone = world.push("topic");
    world.git(&["push", "-q", "origin", ":topic"]);
    git(&world.folder.path().join("served/org/repo.git"), &["gc", "-q", "--prune=now"]);
    assert!(matches!(world.fetch(&[&gone]).await, Err(GitError::Missing(id)) if id == gone));
    assert!(matches!(world.mirror().snapshot(&gone), Err(GitError::Missing(_))));
    assert!(world.mirror().has(&base));
}

#[tokio::test]
async fn known_commits_that_the_server_has_dropped_do_no_harm() {
    let world = World::new().await;
    world.write("a", "1");
    world.push("main");
    world.write("a", "2");
    let gone = world.push("topic");
    world.fetch(&[&gone]).await.unwrap();
    world.git(&["push", "-q", "origin", ":topic"]);
    git(&world.folder.path().join("served/org/repo.git"), &["gc", "-q", "--prune=now"]);
    world.git(&["reset", "-q", "--hard", "HEAD~1"]);
    world.write("b", "3");
    let next = world.push("main");
    let fetched = world.fetch(&[&next]).await.unwrap();
    assert_eq!(fetched.objects, 3, "the ancestor is known to both: {fetched:?}");
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_a_hidden_repository_not_found() {
    let world = World::new().await;
    world.write("a", "1");
    let commit = world.push("main");
    let mirror = world.mirror();
    for token in [None, Some(&SecretString::from("wrong"))] {
        let refused = mirror.fetch(&Remote { clone_url: &world.url, token }, std::slice::from_ref(&commit)).await;
        assert!(matches!(refused, Err(GitError::Refused { .. })), "{refused:?}");
    }
    let url = world.url.replace("repo.git", "other.git");
    let hidden = mirror.fetch(&Remote { clone_url: &url, token: Some(&token()) }, &[commit]).await;
    assert!(matches!(hidden, Err(GitError::NotFound { .. })), "{hidden:?}");
}

#[tokio::test]
async fn a_renamed_repository_is_found() {
    let world = World::new().await;
    world.write("a", "1");
    let commit = world.push("main");
    let url = world.url.replace("repo.git", "old-name.git");
    let remote = Remote { clone_url: &url, token: Some(&token()) };
    world.mirror().fetch(&remote, std::slice::from_ref(&commit)).await.unwrap();
    assert!(world.mirror().has(&commit));
}

#[tokio::test]
async fn a_pack_above_the_limit_leaves_nothing() {
    let world = World::with(|settings| settings.max_pack_bytes = 20_000).await;
    let noise: Vec<u8> = (0..20_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    world.write("big", noise);
    let commit = world.push("main");
    let refused = world.fetch(&[&commit]).await;
    assert!(matches!(refused, Err(GitError::TooLarge { limit: 20_000, .. })), "{refused:?}");
    assert!(!world.mirror().has(&commit));
    let packs = world.folder.path().join("mirrors/42.git/objects/pack");
    assert_eq!(std::fs::read_dir(packs).map_or(0, Iterator::count), 0);
}

#[tokio::test]
async fn the_token_is_nowhere_on_the_disk_and_in_no_error() {
    let world = World::new().await;
    world.write("a", "1");
    let commit = world.push("main");
    world.fetch(&[&commit]).await.unwrap();
    let packed = STANDARD.encode(format!("x-access-token:{TOKEN}"));
    let mut files = vec![world.folder.path().join("mirrors")];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for secret in [TOKEN, &packed] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", path.display());
        }
        seen += 1;
    }
    assert!(seen > 3, "config, HEAD, a pack and its index");
    let nobody = Remote { clone_url: "http://127.0.0.1:1/org/repo.git", token: Some(&token()) };
    let missing: CommitId = "1".repeat(40).parse().unwrap();
    let error = world.mirror().fetch(&nobody, &[missing]).await.unwrap_err();
    assert!(error.is_temporary());
    let texts = format!("{error} {error:?} {nobody:?} {:?} {:?}", world.mirror(), world.mirrors);
    assert!(!texts.contains(TOKEN) && !texts.contains(&packed), "{texts}");
}

#[tokio::test]
async fn addresses_with_credentials_or_other_schemes_are_refused() {
    let world = World::new().await;
    let missing: CommitId = "1".repeat(40).parse().unwrap();
    for url in ["https://x-access-token:t@github.com/o/r.git", "file:///etc", "ssh://git@x/o/r.git", "nonsense"] {
        let refused =
            world.mirror().fetch(&Remote { clone_url: url, token: None }, std::slice::from_ref(&missing)).await;
        assert!(matches!(refused, Err(GitError::Protocol { .. })), "{url}: {refused:?}");
    }
}

#[tokio::test]
async fn a_branch_is_looked_up_without_fetching() {
    let world = World::new().await;
    world.write("a", "1");
    let tip = world.push("bailiwick/create-team/team2");
    world.push("bailiwick/create-team/team22");
    let (secret, mirror) = (token(), world.mirror());
    let remote = Remote { clone_url: &world.url, token: Some(&secret) };
    let found = mirror.branch_tip(&remote, &"bailiwick/create-team/team2".parse().unwrap()).await.unwrap();
    assert_eq!(found, Some(tip.clone()));
    assert_eq!(mirror.branch_tip(&remote, &"bailiwick/create-team/team".parse().unwrap()).await.unwrap(), None);
    assert!(!mirror.has(&tip));
}

#[tokio::test]
async fn a_server_of_the_old_protocol_is_understood() {
    let world = World::new().await;
    world.modern.store(false, Ordering::SeqCst);
    for number in 0..50 {
        world.write(&format!("dir{}/{number}", number % 5), number.to_string());
    }
    let first = world.push("main");
    assert!(world.fetch(&[&first]).await.unwrap().objects > 50);
    world.write("dir3/new", "x");
    let second = world.push("main");
    let other = world.push("other");
    assert_eq!(world.fetch(&[&second, &other]).await.unwrap().objects, 5, "two commits, two trees, a file");
    assert_eq!(world.mirror().snapshot(&other).unwrap().walk("").unwrap().files.len(), 51);
    let (secret, mirror) = (token(), world.mirror());
    let remote = Remote { clone_url: &world.url, token: Some(&secret) };
    assert_eq!(mirror.branch_tip(&remote, &"main".parse().unwrap()).await.unwrap(), Some(second));
    assert_eq!(mirror.branch_tip(&remote, &"none".parse().unwrap()).await.unwrap(), None);
    let gone: CommitId = "1".repeat(40).parse().unwrap();
    assert!(matches!(world.fetch(&[&gone]).await, Err(GitError::Missing(id)) if id == gone));
}

#[tokio::test]
async fn an_empty_repository_has_no_branches() {
    let world = World::new().await;
    let (secret, mirror) = (token(), world.mirror());
    let remote = Remote { clone_url: &world.url, token: Some(&secret) };
    for modern in [true, false] {
        world.modern.store(modern, Ordering::SeqCst);
        assert_eq!(mirror.branch_tip(&remote, &"main".parse().unwrap()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_is_not_git_is_an_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/org/repo.git", listener.local_addr().unwrap());
    let answers = ["not git at all", "0003", "<html>", "0008oops", "000eversion 2\nfffeshort", ""];
    let next = Arc::new(Mutex::new(answers.into_iter()));
    let router = axum::Router::new().fallback(move || {
        let next = Arc::clone(&next);
        async move { next.lock().unwrap().next().unwrap() }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    let world = World::new().await;
    let missing: CommitId = "1".repeat(40).parse().unwrap();
    for answer in answers {
        let remote = Remote { clone_url: &url, token: None };
        let error = world.mirror().fetch(&remote, std::slice::from_ref(&missing)).await.unwrap_err();
        assert!(matches!(error, GitError::Protocol { .. } | GitError::Unavailable { .. }), "{answer}: {error:?}");
    }
}

#[tokio::test]
async fn a_discarded_mirror_is_fetched_anew() {
    let world = World::new().await;
    world.write("a", "1");
    let commit = world.push("main");
    world.fetch(&[&commit]).await.unwrap();
    world.mirrors.discard(RepositoryId::new(42)).unwrap();
    assert!(!world.mirror().has(&commit));
    world.fetch(&[&commit]).await.unwrap();
    assert!(world.mirror().has(&commit));
}
