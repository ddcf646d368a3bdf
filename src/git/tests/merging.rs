use super::*;

/// Ten lines, so that changes at both ends do not touch.
fn lines(first: &str, last: &str) -> String {
    format!("{first}\n2\n3\n4\n5\n6\n7\n8\n9\n{last}\n")
}

/// What a preview says, against what `git merge` makes of the same two commits.
struct Case {
    world: World,
    base: CommitId,
    head: CommitId,
}

impl Case {
    fn new(start: impl Fn(&World), on_main: impl Fn(&World), on_topic: impl Fn(&World)) -> Self {
        let world = World::new();
        start(&world);
        world.push("main");
        world.git(&["branch", "topic"]);
        on_main(&world);
        let base = world.push("main");
        world.git(&["checkout", "-q", "topic"]);
        on_topic(&world);
        let head = world.push("topic");
        world.fetch(&[&base, &head]).unwrap();
        Self { world, base, head }
    }

    fn preview(&self) -> MergePreview {
        self.world.mirror().preview_merge(&self.base, &self.head).unwrap()
    }

    /// Paths and their text afterwards, as the preview has them; it must be what Git does.
    fn changes(&self) -> Vec<(String, Option<String>)> {
        let preview = self.preview();
        assert!(preview.conflicts.is_empty(), "{:?}", preview.conflicts);
        let shown = |change: &MergeChange| {
            (change.path.to_string(), change.after.as_ref().map(|blob| text(Some(blob)).to_owned()))
        };
        let changes: Vec<_> = preview.changes.iter().map(shown).collect();
        self.world.git(&["checkout", "-q", self.base.as_str()]);
        self.world.git(&["merge", "-q", "--no-edit", self.head.as_str()]);
        let names = self.world.git(&["diff", "--no-renames", "--name-only", self.base.as_str(), "HEAD"]);
        let expected: Vec<_> = names
            .lines()
            .map(|name| (name.to_owned(), std::fs::read_to_string(self.world.work().join(name)).ok()))
            .collect();
        assert_eq!(changes, expected);
        changes
    }

    fn conflicts(&self) -> Vec<String> {
        self.preview().conflicts.iter().map(ToString::to_string).collect()
    }
}

fn remove(world: &World, path: &str) {
    std::fs::remove_file(world.work().join(path)).unwrap();
}

#[test]
fn the_heads_changes_are_laid_over_the_tip() {
    let case = Case::new(
        |world| {
            world.write("both", lines("1", "10"));
            world.write("same", "old\n");
            world.write("gone", "x\n");
            world.write("mains", "old\n");
            world.write("old-name", "renamed\n");
        },
        |world| {
            world.write("both", lines("main", "10"));
            world.write("same", "new\n");
            world.write("mains", "new\n");
        },
        |world| {
            world.write("both", lines("1", "topic"));
            world.write("same", "new\n");
            world.write("added/file", "y\n");
            remove(world, "gone");
            world.git(&["mv", "old-name", "new-name"]);
        },
    );
    let changes = case.changes();
    let paths: Vec<&str> = changes.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["added/file", "both", "gone", "new-name", "old-name"]);
    assert_eq!(changes[1].1.as_deref(), Some(lines("main", "topic").as_str()));
    let preview = case.preview();
    assert_eq!(preview.base_tree, case.world.snapshot(&case.base).unwrap().tree());
    assert!(
        preview.changes.iter().all(|change| change.before.is_some() != change.path.as_str().starts_with(['a', 'n']))
    );
}

#[test]
fn what_cannot_be_put_together_is_a_conflict() {
    let case = Case::new(
        |world| {
            world.write("line", lines("1", "10"));
            world.write("main-deleted", lines("1", "10"));
            world.write("topic-deleted", lines("a", "z"));
            world.write("binary", b"\0one");
            world.write("fine", "1\n");
        },
        |world| {
            world.write("line", lines("main", "10"));
            remove(world, "main-deleted");
            world.write("topic-deleted", lines("main", "z"));
            world.write("binary", b"\0two");
            world.write("new", "main\n");
        },
        |world| {
            world.write("line", lines("topic", "10"));
            world.write("main-deleted", lines("topic", "10"));
            remove(world, "topic-deleted");
            world.write("binary", b"\0three");
            world.write("new", "topic\n");
            world.write("fine", "2\n");
        },
    );
    assert_eq!(case.conflicts(), ["binary", "line", "main-deleted", "new", "topic-deleted"]);
    let preview = case.preview();
    assert_eq!(preview.changes.len(), 1);
    assert_eq!(text(preview.changes[0].after.as_ref()), "2\n");
}

#[test]
fn files_and_directories_in_each_others_place() {
    let case = Case::new(
        |world| {
            world.write("was-file", "x\n");
            world.write("was-directory/a", "x\n");
        },
        |world| world.write("other", "x\n"),
        |world| {
            remove(world, "was-file");
            world.write("was-file/now", "y\n");
            remove(world, "was-directory/a");
            std::fs::remove_dir(world.work().join("was-directory")).unwrap();
            world.write("was-directory", "y\n");
        },
    );
    assert_eq!(case.changes().len(), 4);

    let case = Case::new(
        |world| world.write("x", "x\n"),
        |world| {
            world.write("one", "a file\n");
            world.write("two/a", "a directory\n");
        },
        |world| {
            world.write("one/a", "a directory\n");
            world.write("two", "a file\n");
        },
    );
    assert_eq!(case.conflicts(), ["one/a", "two"]);
}

#[test]
fn a_mode_that_only_one_side_changed_is_kept() {
    let case = Case::new(
        |world| world.write("run", lines("1", "10")),
        |world| {
            world.git(&["add", "-A"]);
            world.write("run", lines("main", "10"));
        },
        |world| {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(world.work().join("run"), std::fs::Permissions::from_mode(0o755)).unwrap();
        },
    );
    let preview = case.preview();
    let after = preview.changes[0].after.as_ref().unwrap();
    assert_eq!((after.kind, text(Some(after))), (BlobKind::Executable, lines("main", "10").as_str()));
}

#[test]
fn a_head_that_is_merged_already_changes_nothing() {
    let world = World::new();
    world.write("a", "1");
    let first = world.push("main");
    world.write("a", "2");
    let second = world.push("main");
    world.fetch(&[&second]).unwrap();
    let preview = world.mirror().preview_merge(&second, &first).unwrap();
    assert!(preview.changes.is_empty() && preview.conflicts.is_empty());
    let preview = world.mirror().preview_merge(&first, &second).unwrap();
    assert_eq!((preview.changes.len(), preview.merge_base), (1, first));
}

#[test]
fn large_files_are_named_and_many_files_refused() {
    let case =
        Case::new(|world| world.write("x", "x\n"), |_| {}, |world| world.write("big", vec![b'x'; BLOB_LIMIT + 1]));
    let after = case.preview().changes.remove(0).after.unwrap();
    assert!(after.is_too_large() && after.bytes.is_none());

    let case = Case::new(
        |world| world.write("x", "x\n"),
        |_| {},
        |world| (0..3_001).for_each(|number| world.write(&format!("many/{number}"), "y\n")),
    );
    let refused = case.world.mirror().preview_merge(&case.base, &case.head);
    assert!(matches!(refused, Err(GitError::TooLarge { limit: 3_000, .. })), "{refused:?}");
}
