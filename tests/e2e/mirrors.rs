//! What the server keeps of repositories does not grow without end.

use std::path::{Path, PathBuf};

use super::support::{ADMIN, BOB, TestWorld};

fn below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).map(|entries| entries.map(|entry| entry.expect("an entry").path()));
    let paths = entries.into_iter().flatten();
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    paths.sort();
    paths
}

fn packs(mirror: &Path) -> Vec<PathBuf> {
    below(&mirror.join("objects/pack"), ".pack")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_rewrites_a_mirror_with_many_packs_and_reviews_go_on() {
    let mut world = TestWorld::start().await;
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    world.expect_check(&pull, "success").await;
    let mirrors = world.context().mirrors.directory().to_owned();
    world.stop_server().await;
    let fullest = below(&mirrors, ".git").into_iter().max_by_key(|mirror| packs(mirror).len()).expect("a mirror");
    for pack in packs(&fullest) {
        // As many packs as sixty fetches leave, and every object of them is in some other one too.
        for copy in 0..60 {
            for ending in ["pack", "idx"] {
                let name = format!("objects/pack/pack-{copy:040}.{ending}");
                let _ = std::fs::hard_link(pack.with_extension(ending), fullest.join(name));
            }
        }
    }
    assert!(packs(&fullest).len() > 60);

    world.start_server().await;
    let id = fullest.file_stem().expect("a name").to_string_lossy().into_owned();
    let rewritten = mirrors.join(format!("{id}.1.git"));
    world.until("the mirror to be rewritten", |_| (rewritten.exists() && !fullest.exists()).then_some(())).await;
    world.quiet().await;
    assert_eq!(packs(&rewritten).len(), 1);
    let pull = world.open(BOB, (ADMIN, "more-words"), &[("README.md", "# More words\n")]).await;
    world.expect_check(&pull, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_looks_at_is_packed_and_found_again() {
    let world = TestWorld::start().await;
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    world.expect_check(&pull, "success").await;
    world.quiet().await;
    let indexes = &world.context().indexes;
    // The first time says that somebody has looked.
    indexes.rest().await;
    let (before, _) = indexes.bytes();
    indexes.rest().await;
    let (open, packed) = indexes.bytes();
    assert!(open == 0 && 0 < packed && packed < before, "{before} bytes became {open} and {packed}");

    // What is judged afterwards knows the teams still.
    let role = [("cluster/team1/role.yaml", super::files::GREEDY)];
    let pull = world.open(BOB, (ADMIN, "role"), &role).await;
    let check = world.expect_check(&pull, "failure").await;
    let found = check.annotations();
    assert!(found.iter().any(|line| line.ends_with("kustomization/not-listed")), "{found:?}");
    assert!(indexes.bytes().0 > 0);
    world.finish().await;
}
