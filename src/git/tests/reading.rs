use git2::{ObjectType, Repository};

use super::*;

#[test]
fn every_kind_of_entry_is_recognised() {
    let world = World::new();
    world.write("dir/file.yaml", "a: 1\n");
    world.write("dir/run.sh", "#!/bin/sh\n");
    world.write("big.bin", vec![b'x'; BLOB_LIMIT + 1]);
    world.write("lfs.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n");
    world.git(&["add", "-A"]);
    world.git(&["update-index", "--chmod=+x", "dir/run.sh"]);
    std::os::unix::fs::symlink("../../etc/passwd", world.work().join("dir/link")).unwrap();
    world.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},sub", "1".repeat(40))]);
    world.git(&["add", "dir/link"]);
    world.git(&["commit", "-q", "-m", "kinds"]);
    world.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
    let commit: CommitId = world.git(&["rev-parse", "HEAD"]).parse().unwrap();
    world.fetch(&[&commit]).unwrap();
    let snapshot = world.snapshot(&commit).unwrap();
    let read = |path: &str| snapshot.read(&path.parse().unwrap()).unwrap();
    assert_eq!(read("dir/file.yaml").unwrap().kind, BlobKind::File);
    assert_eq!(read("dir/run.sh").unwrap().kind, BlobKind::Executable);
    let link = read("dir/link").unwrap();
    assert_eq!((link.kind, text(Some(&link))), (BlobKind::Symlink, "../../etc/passwd"));
    let sub = read("sub").unwrap();
    assert_eq!((sub.kind, sub.bytes), (BlobKind::Submodule, None));
    let big = read("big.bin").unwrap();
    assert!(big.is_too_large() && big.bytes.is_none() && big.size == BLOB_LIMIT + 1);
    assert!(read("lfs.bin").unwrap().is_lfs_pointer());
    assert_eq!(read("dir"), None);
    assert_eq!(read("dir/file.yaml/x"), None);
    assert_eq!(read("none"), None);
    let names: Vec<String> =
        snapshot.list("dir").unwrap().unwrap().entries.into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["file.yaml", "link", "run.sh"]);
    assert_eq!(snapshot.list("dir/file.yaml").unwrap(), None);
    let walk = snapshot.walk("").unwrap();
    let paths: Vec<&str> = walk.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["big.bin", "lfs.bin", "sub", "dir/file.yaml", "dir/link", "dir/run.sh"]);
    assert_eq!(snapshot.walk("dir").unwrap().files.len(), 3);
    assert_eq!(snapshot.tree_of("").unwrap(), Some(snapshot.tree()));
    assert_ne!(snapshot.tree_of("dir").unwrap(), Some(snapshot.tree()));
    assert_eq!(snapshot.tree_of("none").unwrap(), None);
}

/// Writes a tree as a hostile client could: libgit2's builder would refuse these names.
pub(super) fn raw_tree(repository: &Repository, entries: &[(&str, &[u8], git2::Oid)]) -> git2::Oid {
    let mut bytes = Vec::new();
    for (mode, name, id) in entries {
        bytes.extend_from_slice(mode.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(name);
        bytes.push(0);
        bytes.extend_from_slice(id.as_bytes());
    }
    repository.odb().unwrap().write(ObjectType::Tree, &bytes).unwrap()
}

pub(super) fn commit_tree(repository: &Repository, tree: git2::Oid) -> CommitId {
    let person = "Ann <ann@example.org> 0 +0000";
    let text = format!("tree {tree}\nauthor {person}\ncommitter {person}\n\nx\n");
    repository.odb().unwrap().write(ObjectType::Commit, text.as_bytes()).unwrap().to_string().parse().unwrap()
}

#[test]
fn hostile_names_are_named_and_never_paths() {
    let world = World::new();
    let mirror = world.mirror();
    let (bad, empty) = {
        let store = mirror.shelf().lock().unwrap();
        let repository = &store.repository;
        let blob = repository.blob(b"x").unwrap();
        let inner = raw_tree(repository, &[("100644", b"config", blob)]);
        let bad = raw_tree(
            repository,
            &[
                ("100644", b"..", blob),
                ("40000", b".GIT", inner),
                ("100644", b"a\xffb", blob),
                ("100644", b"fine", blob),
            ],
        );
        (commit_tree(repository, bad), commit_tree(repository, raw_tree(repository, &[])))
    };
    let (bad, empty) = (world.snapshot(&bad).unwrap(), world.snapshot(&empty).unwrap());
    let walk = bad.walk("").unwrap();
    assert_eq!(walk.files.len(), 1);
    assert_eq!(walk.unreadable, ["\"..\"", "\".GIT\"", "\"a\\u{fffd}b\""]);
    let changes = bad.changed_since(&empty, 100).unwrap();
    assert_eq!((changes.paths.len(), changes.unreadable.len(), changes.truncated), (1, 3, false));
}

#[test]
fn a_tree_that_names_itself_into_billions_is_cut() {
    let world = World::new();
    let mirror = world.mirror();
    let (bomb, empty) = {
        let store = mirror.shelf().lock().unwrap();
        let repository = &store.repository;
        let mut tree = raw_tree(repository, &[("100644", b"f", repository.blob(b"x").unwrap())]);
        for _ in 0..12 {
            let names: Vec<String> = (0..10).map(|number| format!("d{number}")).collect();
            let entries: Vec<(&str, &[u8], git2::Oid)> =
                names.iter().map(|name| ("40000", name.as_bytes(), tree)).collect();
            tree = raw_tree(repository, &entries);
        }
        (commit_tree(repository, tree), commit_tree(repository, raw_tree(repository, &[])))
    };
    let (bomb, empty) = (world.snapshot(&bomb).unwrap(), world.snapshot(&empty).unwrap());
    assert!(bomb.walk("").unwrap().truncated);
    let changes = bomb.changed_since(&empty, 50).unwrap();
    assert!(changes.truncated && changes.paths.len() <= 50);
}

#[test]
fn only_what_differs_is_listed() {
    let world = World::new();
    for team in 0..20 {
        world.write(&format!("cluster/team{team}/ns.yaml"), format!("name: team{team}\n"));
    }
    world.write("kind", "a file");
    let before = world.push("main");
    world.write("cluster/team3/ns.yaml", "name: other\n");
    world.write("cluster/team99/ns.yaml", "name: team99\n");
    std::fs::remove_file(world.work().join("cluster/team5/ns.yaml")).unwrap();
    std::fs::remove_file(world.work().join("kind")).unwrap();
    world.write("kind/now", "a directory");
    let after = world.push("main");
    world.fetch(&[&before, &after]).unwrap();
    let (old, new) = (world.snapshot(&before).unwrap(), world.snapshot(&after).unwrap());
    let changes = new.changed_since(&old, 100).unwrap();
    let shown: Vec<String> = changes
        .paths
        .iter()
        .map(|change| format!("{} {} {}", change.path, change.before.is_some(), change.after.is_some()))
        .collect();
    assert_eq!(
        shown,
        [
            "cluster/team3/ns.yaml true true",
            "cluster/team5/ns.yaml true false",
            "cluster/team99/ns.yaml false true",
            "kind true false",
            "kind/now false true"
        ]
    );
    assert!(!changes.truncated);
    let cut = new.changed_since(&old, 2).unwrap();
    assert!(cut.truncated && cut.paths.len() == 2);
    assert_eq!(old.changed_since(&old, 100).unwrap(), Changes::default());
}

#[test]
fn ancestors_are_known() {
    let world = World::new();
    world.write("a", "1");
    let first = world.push("main");
    world.write("a", "2");
    let second = world.push("main");
    world.git(&["checkout", "-q", "--orphan", "other"]);
    let other = world.push("other");
    world.fetch(&[&second, &other]).unwrap();
    let mirror = world.mirror();
    assert!(
        world.run(mirror.is_ancestor(&first, &second)).unwrap()
            && world.run(mirror.is_ancestor(&second, &second)).unwrap()
    );
    assert!(!world.run(mirror.is_ancestor(&second, &first)).unwrap());
    assert_eq!(mirror.merge_bases(&first, &second).unwrap(), [first]);
    assert_eq!(mirror.merge_bases(&second, &other).unwrap(), []);
    assert!(matches!(mirror.preview_merge(&second, &other), Err(GitError::Unrelated(..))));
}

/// Both sides have merged each other's first commit, and each has taken one of the two back: compared with one
/// ancestor alone the head changes nothing, and the merge brings back what the base took back.
#[test]
fn histories_that_cross_are_not_judged() {
    let world = World::new();
    world.write("a", "1");
    world.push("main");
    world.git(&["checkout", "-q", "-b", "left"]);
    world.write("left", "1");
    let left = world.push("left");
    world.git(&["checkout", "-q", "-b", "right", "main"]);
    world.write("right", "1");
    let right = world.push("right");
    world.git(&["merge", "-q", "--no-edit", left.as_str()]);
    world.write("b", "1");
    let one = world.push("right");
    world.git(&["checkout", "-q", "left"]);
    world.git(&["merge", "-q", "--no-edit", right.as_str()]);
    world.write("c", "1");
    let two = world.push("left");
    world.fetch(&[&one, &two]).unwrap();
    let mirror = world.mirror();
    assert_eq!(mirror.merge_bases(&one, &two).unwrap().len(), 2);
    let error = mirror.preview_merge(&one, &two).unwrap_err();
    assert!(matches!(error, GitError::Crossing(..)), "{error}");
    assert!(error.to_string().contains("merge the base branch into the head"), "{error}");
}
