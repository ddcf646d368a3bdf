//! Mirrors that are rewritten into a fresh folder while others read them.

use std::sync::atomic::AtomicBool;

use super::super::folder::{Folder, Root};
use super::reading::{commit_tree, raw_tree};
use super::*;

const ID: RepositoryId = RepositoryId::new(42);

/// A world that rewrites soon and keeps little.
fn world() -> World {
    World::with(|settings| (settings.max_packs, settings.max_wanted) = (3, 4))
}

impl World {
    fn mirror_path(&self, name: &str) -> PathBuf {
        self.folder.path().join("mirrors").join(name)
    }

    /// The folders of mirrors, without the lock.
    fn folders(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.mirror_path("")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name != "lock").collect();
        names.sort();
        names
    }

    fn packs(&self) -> usize {
        let [folder] = &self.folders()[..] else { panic!("one folder: {:?}", self.folders()) };
        let entries = std::fs::read_dir(self.mirror_path(folder).join("objects/pack")).unwrap();
        entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|it| it == "pack")).count()
    }

    fn rewrite(&self) -> Option<Rewritten> {
        self.run(self.mirrors.rewrite_one()).unwrap()
    }

    /// Pushes that number of changes to `main` and fetches each.
    fn fetch_many(&self, count: usize) -> CommitId {
        let mut last = None;
        for number in 0..count {
            self.write("file", format!("{number} of {count}\n"));
            let commit = self.push("main");
            self.fetch(&[&commit]).unwrap();
            last = Some(commit);
        }
        last.expect("at least one")
    }

    /// Mirrors as the next process finds them.
    fn restart(self) -> Self {
        let mut settings = GitSettings::new(self.mirror_path(""));
        (settings.max_packs, settings.max_wanted) = (3, 4);
        let Self { folder, url, requests, modern, packed, kept_back, mirrors, runtime } = self;
        drop(mirrors);
        let mirrors = Mirrors::new(settings).unwrap();
        Self { folder, url, requests, modern, packed, kept_back, mirrors, runtime }
    }

    fn reads(&self, commit: &CommitId) -> String {
        let snapshot = self.snapshot(commit).unwrap();
        text(snapshot.read(&"file".parse().unwrap()).unwrap().as_ref()).to_owned()
    }
}

#[test]
fn many_fetches_leave_few_packs_and_old_snapshots_still_read() {
    let world = world();
    world.write("teams/one/a.yaml", "kept: as it is\n");
    let first = world.fetch_many(1);
    let old = world.snapshot(&first).unwrap();
    world.git(&["checkout", "-q", "-b", "topic"]);
    world.write("topic", "closed\n");
    let closed = world.push("topic");
    world.fetch(&[&closed]).unwrap();
    world.git(&["checkout", "-q", "-B", "main", first.as_str()]);
    let (mut last, mut most, mut rewritten) = (first.clone(), 0, Vec::new());
    for _ in 0..6 {
        last = world.fetch_many(2);
        most = most.max(world.packs());
        rewritten.extend(world.rewrite());
    }
    assert!(most <= 5, "{most} packs");
    assert_eq!(rewritten.len(), 3, "{rewritten:?}");
    assert!(rewritten.iter().all(|one| one.id == ID && one.commits <= 5 && one.objects > 3), "{rewritten:?}");
    assert!(world.packs() <= 3 && world.rewrite().is_none());

    // What was held is here, whatever was wanted since; the closed head has gone.
    assert_eq!(text(old.read(&"file".parse().unwrap()).unwrap().as_ref()), "0 of 1\n");
    assert_eq!(old.walk("").unwrap().files.len(), 2);
    let new = world.snapshot(&last).unwrap();
    assert_eq!(new.changed_since(&old, 10).unwrap().paths.len(), 1);
    assert_eq!(world.mirror().preview_merge(&last, &first).unwrap().changes, []);
    assert!(!world.has(&closed));

    // It can come again, and a fetch still names what is here.
    assert_eq!(world.fetch(&[&closed]).unwrap().objects, 3, "a commit, a tree, a file");
    assert!(world.has(&closed));
}

#[test]
fn what_git_itself_reads_is_whole() {
    let world = world();
    for team in 0..20 {
        world.write(&format!("cluster/team{team}/ns.yaml"), format!("name: team{team}\n"));
    }
    world.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},sub", "1".repeat(40))]);
    world.fetch_many(2);
    world.git(&["checkout", "-q", "-b", "topic", "HEAD~1"]);
    world.write("cluster/team3/more.yaml", "a: 1\n");
    let topic = world.push("topic");
    world.git(&["checkout", "-q", "main"]);
    world.git(&["merge", "-q", "--no-edit", "topic"]);
    world.fetch(&[&topic]).unwrap();
    let last = world.fetch_many(2);
    let rewritten = world.rewrite().expect("five packs are too many");
    let mirror = world.mirror_path("42.1.git");
    git(&mirror, &["fsck", "--strict", "--full", "--no-dangling"]);
    let needed = world.git(&["rev-list", "--objects", last.as_str(), topic.as_str()]);
    assert_eq!(rewritten.objects, needed.lines().count());
    assert_eq!(world.folders(), ["42.1.git"]);
}

/// The newest commit has the tree of the oldest: what the two share with the one between them must
/// not be left to each other.
#[test]
fn what_was_taken_back_is_whole() {
    let world = world();
    let mirror = world.mirror();
    let last = {
        let store = mirror.shelf().lock().unwrap();
        let repository = &store.repository;
        let [one, two, same] = [b"1", b"2", b"x"].map(|content| repository.blob(content).unwrap());
        let same = raw_tree(repository, &[("100644", b"same", same)]);
        let tree = |changes| raw_tree(repository, &[("100644", b"changes", changes), ("40000", b"directory", same)]);
        let (before, between) = (tree(one), tree(two));
        let mut parent = String::new();
        for (time, tree) in [before, between, before].into_iter().enumerate() {
            let person = format!("Ann <ann@example.org> {time} +0000");
            let text = format!("tree {tree}\n{parent}author {person}\ncommitter {person}\n\nx\n");
            let id = repository.odb().unwrap().write(git2::ObjectType::Commit, text.as_bytes()).unwrap();
            parent = format!("parent {id}\n");
        }
        parent.trim_start_matches("parent ").trim().parse().unwrap()
    };
    let held = world.snapshot(&last).unwrap();
    let rewritten = mirror.shelf().rewrite(&AtomicBool::new(false)).unwrap().expect("nobody else is there");
    assert_eq!(rewritten.objects, 9, "three commits, three trees, three files");
    git(&world.mirror_path("42.1.git"), &["fsck", "--strict", "--full", "--no-dangling"]);
    assert_eq!(held.walk("").unwrap().files.len(), 2);
}

#[test]
fn a_crash_in_the_middle_leaves_the_old_or_the_new() {
    // Before the rename: the old one, and what was written of the new one goes.
    let world = world();
    let first = world.fetch_many(4);
    std::fs::create_dir_all(world.mirror_path("42.1.tmp/objects/pack")).unwrap();
    std::fs::write(world.mirror_path("42.1.tmp/HEAD"), "ref: refs/").unwrap();
    let world = world.restart();
    assert_eq!(world.folders(), ["42.git"]);
    assert_eq!(world.reads(&first), "3 of 4\n");

    // After the rename, while the old one is removed: the new one.
    let copy = world.folder.path().join("copy");
    assert!(Command::new("cp").arg("-r").arg(world.mirror_path("42.git")).arg(&copy).status().unwrap().success());
    world.rewrite().expect("four packs are too many");
    assert_eq!(world.folders(), ["42.1.git"]);
    std::fs::remove_dir_all(copy.join("objects")).unwrap();
    std::fs::rename(&copy, world.mirror_path("42.git")).unwrap();
    let world = world.restart();
    assert_eq!(world.folders(), ["42.1.git"]);
    let requests = world.requests().len();
    assert_eq!(world.fetch(&[&first]).unwrap(), Fetched::default());
    assert_eq!((world.reads(&first).as_str(), world.requests().len()), ("3 of 4\n", requests));

    // And it goes on from there.
    let last = world.fetch_many(4);
    world.rewrite().expect("five packs are too many");
    assert_eq!(world.folders(), ["42.2.git"]);
    let world = world.restart();
    assert_eq!(world.reads(&last), "3 of 4\n");
    world.run(world.mirrors.discard(ID)).unwrap();
    assert_eq!(world.folders(), [] as [&str; 0]);
}

#[test]
fn rewriting_that_nobody_waits_for_leaves_nothing() {
    let world = world();
    let last = world.fetch_many(4);
    let mirror = world.mirror();
    let given_up = mirror.shelf().rewrite(&AtomicBool::new(true));
    assert!(matches!(&given_up, Err(error) if error.is_temporary()), "{given_up:?}");
    assert_eq!(world.folders(), ["42.git"]);
    assert_eq!(world.reads(&last), "3 of 4\n");
    world.rewrite().expect("it is done the next time");
}

#[test]
fn what_somebody_began_to_read_meanwhile_is_never_lost() {
    let world = world();
    let first = world.fetch_many(1);
    let last = world.fetch_many(4);
    let mirror = world.mirror();
    let root = &world.mirrors.shared().root;
    let (old, new) = (Folder { id: ID, generation: 0 }, Folder { id: ID, generation: 1 });
    std::mem::drop(super::super::mirror::open_or_make(&root.unfinished(new)).unwrap());
    let begun = world.snapshot(&first).unwrap();
    assert!(!mirror.shelf().take(root, old).unwrap(), "the new one lacks everything");
    assert_eq!(world.folders(), ["42.1.tmp", "42.git"]);
    assert_eq!(text(begun.read(&"file".parse().unwrap()).unwrap().as_ref()), "0 of 1\n");
    world.rewrite().expect("what was left there does no harm");
    assert_eq!(text(begun.read(&"file".parse().unwrap()).unwrap().as_ref()), "0 of 1\n");
    assert_eq!(world.reads(&last), "3 of 4\n");
}

#[test]
fn a_mirror_that_another_process_uses_is_left_alone() {
    let world = world();
    let last = world.fetch_many(4);
    let other = Root::open(&world.mirror_path("")).unwrap();
    std::fs::create_dir(world.mirror_path("7.1.tmp")).unwrap();
    assert_eq!(world.rewrite(), None);
    let third = Root::open(&world.mirror_path("")).unwrap();
    assert_eq!(world.folders(), ["42.git", "7.1.tmp"], "somebody may be writing it");
    drop((other, third));
    assert!(world.rewrite().is_some());
    assert_eq!(world.reads(&last), "3 of 4\n");
}

#[test]
fn one_mirror_at_a_time_and_each_in_turn() {
    let world = world();
    let last = world.fetch_many(4);
    let remote = Remote { clone_url: &world.url, token: Some(&token()) };
    for id in [7, 9] {
        let mirror = world.mirrors.open(RepositoryId::new(id));
        world.run(mirror.fetch(&remote, std::slice::from_ref(&last))).unwrap();
        let packs = world.mirror_path(&format!("{id}.git/objects/pack"));
        // A damaged mirror has its turn too, and must not hide the others.
        (0..5).for_each(|number| std::fs::write(packs.join(format!("pack-{number}.pack")), "no pack").unwrap());
        if id == 7 {
            let refs = world.mirror_path("7.git/refs/bailiwick");
            std::fs::write(refs.join("1".repeat(40)), "no ref").unwrap();
            std::fs::remove_file(world.mirror_path("7.git/HEAD")).unwrap();
        }
    }
    let world = world.restart();
    let first = world.run(world.mirrors.rewrite_one());
    assert!(matches!(first, Err(GitError::Corrupt { .. })), "{first:?}");
    assert_eq!(world.rewrite().map(|one| one.id), Some(RepositoryId::new(9)));
    assert_eq!(world.rewrite().map(|one| one.id), Some(ID));
    assert_eq!(world.folders(), ["42.1.git", "7.git", "9.1.git"]);
}

#[test]
fn a_tree_deeper_than_the_stack_is_rewritten() {
    let world = world();
    let mirror = world.mirror();
    let commit = {
        let store = mirror.shelf().lock().unwrap();
        let repository = &store.repository;
        let mut tree = raw_tree(repository, &[("100644", b"f", repository.blob(b"x").unwrap())]);
        for _ in 0..5_000 {
            tree = raw_tree(repository, &[("40000", b"d", tree)]);
        }
        commit_tree(repository, tree)
    };
    let held = world.snapshot(&commit).unwrap();
    let shelf = Arc::clone(mirror.shelf());
    // A stack that no recursion over the tree fits on.
    let small = std::thread::Builder::new().stack_size(256 << 10);
    let rewritten = small.spawn(move || shelf.rewrite(&AtomicBool::new(false))).unwrap().join().unwrap();
    assert_eq!(rewritten.unwrap().map(|one| one.objects), Some(5_003));
    assert!(held.walk("").unwrap().truncated);
}
