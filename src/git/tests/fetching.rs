use super::*;

#[test]
fn a_commit_is_fetched_and_the_next_brings_only_what_is_new() {
    let world = World::new();
    for number in 0..200 {
        // Contents that do not compress into each other.
        let line = STANDARD.encode(git2::Oid::hash_object(git2::ObjectType::Blob, &[number]).unwrap().as_bytes());
        world.write(&format!("dir{}/{number}.yaml", number % 10), line.repeat(20));
    }
    let first = world.push("main");
    let all = world.fetch(&[&first]).unwrap();
    assert!(all.objects > 200, "{all:?}");
    world.write("dir3/new.yaml", "kind: Namespace\n");
    let second = world.push("main");
    let new = world.fetch(&[&first, &second]).unwrap();
    assert_eq!(new.objects, 4, "a commit, two trees, a file: {new:?}");
    let snapshot = world.snapshot(&second).unwrap();
    assert_eq!(text(snapshot.read(&"dir3/new.yaml".parse().unwrap()).unwrap().as_ref()), "kind: Namespace\n");
    assert_eq!(snapshot.walk("").unwrap().files.len(), 201);
}

#[test]
fn what_is_here_is_not_asked_for() {
    let world = World::new();
    world.write("a", "1");
    let commit = world.push("main");
    world.fetch(&[&commit]).unwrap();
    let before = world.requests().len();
    assert_eq!(before, 2, "{:?}", world.requests());
    assert_eq!(world.fetch(&[&commit]).unwrap(), Fetched::default());
    assert_eq!(world.requests().len(), before);
    assert!(world.has(&commit));
    // Another process's handle sees it too.
    let again = Mirrors::new(GitSettings::new(world.folder.path().join("mirrors"))).unwrap();
    assert!(world.run(again.open(RepositoryId::new(42)).has(&commit)).unwrap());
}

#[test]
fn fetches_at_one_time_ask_once() {
    let world = World::new();
    world.write("a", "1");
    let commit = world.push("main");
    let (secret, mirror) = (token(), world.mirror());
    let remote = Remote { clone_url: &world.url, token: Some(&secret) };
    let fetches = (0..8).map(|_| mirror.fetch(&remote, std::slice::from_ref(&commit)));
    for fetched in world.run(futures::future::join_all(fetches)) {
        fetched.unwrap();
    }
    assert_eq!(world.requests().len(), 2, "{:?}", world.requests());
}

#[test]
fn a_commit_that_no_branch_has_any_more_can_still_come() {
    let world = World::new();
    world.write("a", "1");
    let first = world.push("topic");
    world.git(&["commit", "-q", "--amend", "-m", "other"]);
    world.push("topic");
    world.fetch(&[&first]).unwrap();
}

#[test]
fn a_dropped_commit_is_an_answer() {
    let world = World::new();
    world.write("a", "1");
    let base = world.push("main");
    world.fetch(&[&base]).unwrap();
    world.write("a", "2");
    let gone = world.push("topic");
    world.git(&["push", "-q", "origin", ":topic"]);
    git(&world.folder.path().join("served/org/repo.git"), &["gc", "-q", "--prune=now"]);
    assert!(matches!(world.fetch(&[&gone]), Err(GitError::Missing(id)) if id == gone));
    assert!(matches!(world.snapshot(&gone), Err(GitError::Missing(_))));
    assert!(world.has(&base));
}

#[test]
fn known_commits_that_the_server_has_dropped_do_no_harm() {
    let world = World::new();
    world.write("a", "1");
    world.push("main");
    world.write("a", "2");
    let gone = world.push("topic");
    world.fetch(&[&gone]).unwrap();
    world.git(&["push", "-q", "origin", ":topic"]);
    git(&world.folder.path().join("served/org/repo.git"), &["gc", "-q", "--prune=now"]);
    world.git(&["reset", "-q", "--hard", "HEAD~1"]);
    world.write("b", "3");
    let next = world.push("main");
    let fetched = world.fetch(&[&next]).unwrap();
    assert_eq!(fetched.objects, 3, "the ancestor is known to both: {fetched:?}");
}

#[test]
fn a_wrong_token_is_refused_and_a_hidden_repository_not_found() {
    let world = World::new();
    world.write("a", "1");
    let commit = world.push("main");
    let mirror = world.mirror();
    for token in [None, Some(&SecretString::from("wrong"))] {
        let refused = world.run(mirror.fetch(&Remote { clone_url: &world.url, token }, std::slice::from_ref(&commit)));
        assert!(matches!(refused, Err(GitError::Refused { .. })), "{refused:?}");
    }
    let url = world.url.replace("repo.git", "other.git");
    let hidden = world.run(mirror.fetch(&Remote { clone_url: &url, token: Some(&token()) }, &[commit]));
    assert!(matches!(hidden, Err(GitError::NotFound { .. })), "{hidden:?}");
}

#[test]
fn a_renamed_repository_is_found() {
    let world = World::new();
    world.write("a", "1");
    let commit = world.push("main");
    let url = world.url.replace("repo.git", "old-name.git");
    let remote = Remote { clone_url: &url, token: Some(&token()) };
    world.run(world.mirror().fetch(&remote, std::slice::from_ref(&commit))).unwrap();
    assert!(world.has(&commit));
}

#[test]
fn a_pack_above_the_limit_leaves_nothing() {
    let world = World::with(|settings| settings.max_pack_bytes = 20_000);
    let noise: Vec<u8> = (0..20_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    world.write("big", noise);
    let commit = world.push("main");
    let refused = world.fetch(&[&commit]);
    assert!(matches!(refused, Err(GitError::TooLarge { limit: 20_000, .. })), "{refused:?}");
    assert!(!world.has(&commit));
    let packs = world.folder.path().join("mirrors/42.git/objects/pack");
    assert_eq!(std::fs::read_dir(packs).map_or(0, Iterator::count), 0);
}

#[test]
fn the_token_is_nowhere_on_the_disk_and_in_no_error() {
    let world = World::new();
    world.write("a", "1");
    let commit = world.push("main");
    world.fetch(&[&commit]).unwrap();
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
    let error = world.run(world.mirror().fetch(&nobody, &[missing])).unwrap_err();
    assert!(error.is_temporary());
    let texts = format!("{error} {error:?} {nobody:?} {:?} {:?}", world.mirror(), world.mirrors);
    assert!(!texts.contains(TOKEN) && !texts.contains(&packed), "{texts}");
}

#[test]
fn addresses_with_credentials_or_other_schemes_are_refused() {
    let world = World::new();
    let missing: CommitId = "1".repeat(40).parse().unwrap();
    for url in ["https://x-access-token:t@github.com/o/r.git", "file:///etc", "ssh://git@x/o/r.git", "nonsense"] {
        let refused =
            world.run(world.mirror().fetch(&Remote { clone_url: url, token: None }, std::slice::from_ref(&missing)));
        assert!(matches!(refused, Err(GitError::Protocol { .. })), "{url}: {refused:?}");
    }
}

#[test]
fn a_branch_is_looked_up_without_fetching() {
    let world = World::new();
    world.write("a", "1");
    let tip = world.push("bailiwick/create-team/team2");
    world.push("bailiwick/create-team/team22");
    let (secret, mirror) = (token(), world.mirror());
    let remote = Remote { clone_url: &world.url, token: Some(&secret) };
    let found = world.run(mirror.branch_tip(&remote, &"bailiwick/create-team/team2".parse().unwrap())).unwrap();
    assert_eq!(found, Some(tip.clone()));
    assert_eq!(world.run(mirror.branch_tip(&remote, &"bailiwick/create-team/team".parse().unwrap())).unwrap(), None);
    assert!(!world.has(&tip));
}

#[test]
fn a_server_of_the_old_protocol_is_understood() {
    let world = World::new();
    world.modern.store(false, Ordering::SeqCst);
    for number in 0..50 {
        world.write(&format!("dir{}/{number}", number % 5), number.to_string());
    }
    let first = world.push("main");
    assert!(world.fetch(&[&first]).unwrap().objects > 50);
    world.write("dir3/new", "x");
    let second = world.push("main");
    let other = world.push("other");
    assert_eq!(world.fetch(&[&second, &other]).unwrap().objects, 5, "two commits, two trees, a file");
    assert_eq!(world.snapshot(&other).unwrap().walk("").unwrap().files.len(), 51);
    let (secret, mirror) = (token(), world.mirror());
    let remote = Remote { clone_url: &world.url, token: Some(&secret) };
    assert_eq!(world.run(mirror.branch_tip(&remote, &"main".parse().unwrap())).unwrap(), Some(second));
    assert_eq!(world.run(mirror.branch_tip(&remote, &"none".parse().unwrap())).unwrap(), None);
    let gone: CommitId = "1".repeat(40).parse().unwrap();
    assert!(matches!(world.fetch(&[&gone]), Err(GitError::Missing(id)) if id == gone));
}

#[test]
fn an_empty_repository_has_no_branches() {
    let world = World::new();
    let (secret, mirror) = (token(), world.mirror());
    let remote = Remote { clone_url: &world.url, token: Some(&secret) };
    for modern in [true, false] {
        world.modern.store(modern, Ordering::SeqCst);
        assert_eq!(world.run(mirror.branch_tip(&remote, &"main".parse().unwrap())).unwrap(), None);
    }
}

#[test]
fn what_is_not_git_is_an_error() {
    let world = World::new();
    let listener = world.run(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/org/repo.git", listener.local_addr().unwrap());
    let answers = ["not git at all", "0003", "<html>", "0008oops", "000eversion 2\nfffeshort", ""];
    let next = Arc::new(Mutex::new(answers.into_iter()));
    let router = axum::Router::new().fallback(move || {
        let next = Arc::clone(&next);
        async move { next.lock().unwrap().next().unwrap() }
    });
    world.runtime.spawn(async move { axum::serve(listener, router).await });
    let missing: CommitId = "1".repeat(40).parse().unwrap();
    for answer in answers {
        let remote = Remote { clone_url: &url, token: None };
        let error = world.run(world.mirror().fetch(&remote, std::slice::from_ref(&missing))).unwrap_err();
        assert!(matches!(error, GitError::Protocol { .. } | GitError::Unavailable { .. }), "{answer}: {error:?}");
    }
}

#[test]
fn a_discarded_mirror_is_fetched_anew() {
    let world = World::new();
    world.write("a", "1");
    let commit = world.push("main");
    world.fetch(&[&commit]).unwrap();
    world.run(world.mirrors.discard(RepositoryId::new(42))).unwrap();
    assert!(!world.has(&commit));
    world.fetch(&[&commit]).unwrap();
    assert!(world.has(&commit));
}

#[test]
fn a_large_directory_is_unpacked_once_and_then_made_from_what_is_fetched() {
    for modern in [true, false] {
        let world = World::new();
        world.modern.store(modern, Ordering::SeqCst);
        for team in 0..400 {
            world.write(&format!("cluster/team{team:03}/a.yaml"), format!("name: team{team}\n"));
        }
        let first = world.push("main");
        world.fetch(&[&first]).unwrap();
        let old = world.snapshot(&first).unwrap();
        assert_eq!(old.list("cluster").unwrap().unwrap().entries.len(), 400);
        let mirror = world.mirror();
        let unpacked = || mirror.shelf().lock().unwrap().unpacked.get();
        assert_eq!(unpacked(), 1);
        // What large directories cost is why they are kept.
        old.let_go().unwrap();
        let mut heads = Vec::new();
        for team in [0, 123, 399] {
            world.git(&["checkout", "-q", "-B", "topic", first.as_str()]);
            world.write(&format!("cluster/team{team:03}/a.yaml"), "name: other\n");
            world.write(&format!("cluster/team{team:03}-new/a.yaml"), "name: new\n");
            world.push("topic");
            world.write("cluster/one-more/a.yaml", "name: one more\n");
            let head = world.push("topic");
            world.fetch(&[&head]).unwrap();
            let changes = world.snapshot(&head).unwrap().changed_since(&old, 10).unwrap();
            let paths: Vec<String> = changes.paths.iter().map(|change| change.path.to_string()).collect();
            let team = format!("cluster/team{team:03}");
            assert_eq!(
                paths,
                ["cluster/one-more/a.yaml".to_owned(), format!("{team}-new/a.yaml"), format!("{team}/a.yaml")]
            );
            assert_eq!(mirror.preview_merge(&first, &head).unwrap().changes.len(), 3);
            heads.push((head, changes));
        }
        assert_eq!(unpacked(), 1, "new versions are made from the old one");
        // Who has not seen the fetches reads the same.
        let again = Mirrors::new(GitSettings::new(world.folder.path().join("mirrors"))).unwrap();
        let again = again.open(RepositoryId::new(42));
        let before = world.run(again.snapshot(&first)).unwrap();
        for (head, changes) in heads {
            let after = world.run(again.snapshot(&head)).unwrap();
            assert_eq!(after.changed_since(&before, 10).unwrap(), changes);
        }
        assert_eq!(again.shelf().lock().unwrap().unpacked.get(), 4);
    }
}
