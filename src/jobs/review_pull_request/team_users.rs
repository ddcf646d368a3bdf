//! What the teams' repositories hold of the kinds that a change of the admin repository defines anew.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;

use super::super::{Context, JobError, admin, indexes};
use super::part::branch_of;
use crate::forge::Access;
use crate::git::{GitError, Snapshot};
use crate::names::{BranchName, RepoPath, RepositoryName};
use crate::rules::{Change, Room, TeamUsers, within};
use crate::tenancy::RepositoryIndex;

/// So many repositories are looked at: each is asked for its tip, and fetched where that is new.
const MOST: usize = 200;
/// So many at the same time.
const AT_ONCE: usize = 4;
/// After so long no further one is begun.
const PATIENCE: Duration = Duration::from_secs(60);

/// Groups and kinds.
type Kinds = BTreeSet<(String, String)>;

/// Looks at the teams' repositories where the change replaces definitions or takes them away. What cannot be
/// looked at is told to the change: a repository that nobody can read must not keep the admins from a verdict on
/// their own.
pub(super) async fn look(context: &Context, change: &mut Change) {
    let kinds = change.redefined();
    if kinds.is_empty() {
        return;
    }
    let kinds: Kinds = kinds.into_iter().map(|(group, kind)| (group.to_owned(), kind.to_owned())).collect();
    let repositories: BTreeSet<(RepositoryName, String)> =
        change.teams().filter_map(|team| Some((team.repository.clone()?, branch_of(&team).to_owned()))).collect();
    let missed: Vec<RepositoryName> = repositories.iter().map(|(repository, _)| repository.clone()).collect();
    let until = context.clock.now() + PATIENCE;
    let asked = repositories.into_iter().enumerate().map(|(place, (repository, branch))| {
        let kinds = &kinds;
        async move {
            let seen =
                if place < MOST { one(context, (&repository, &branch), kinds, until).await } else { Err(enough()) };
            (repository, seen)
        }
    });
    let all: Seen = futures::stream::iter(asked).buffered(AT_ONCE).collect().await;
    let read = tokio::task::spawn_blocking(move || read_all(all)).await;
    let (teams, unseen) = read.unwrap_or_else(|error| {
        tracing::error!("the teams' repositories were not read: {error}");
        (Vec::new(), missed.into_iter().map(|repository| (repository, "an error of the bot".to_owned())).collect())
    });
    change.look_at_teams(teams, unseen);
}

/// What was found in each repository: nothing, files, or why it was not looked at.
type Seen = Vec<(RepositoryName, Result<Option<Holding>, String>)>;

fn read_all(all: Seen) -> (Vec<TeamUsers>, BTreeMap<RepositoryName, String>) {
    let (mut room, mut teams, mut unseen) = (Room::default(), Vec::new(), BTreeMap::new());
    for (repository, seen) in all {
        let read = seen.and_then(|holding| {
            let read = holding.map(|holding| holding.read(repository.clone(), &mut room));
            read.transpose().map_err(|error| error.to_string())
        });
        match read {
            Ok(users) => teams.extend(users),
            Err(why) => drop(unseen.insert(repository, why)),
        }
    }
    (teams, unseen)
}

fn enough() -> String {
    format!("{MOST} others were")
}

/// A repository at the tip of a branch, and the files there that hold objects of some kinds.
struct Holding {
    web: String,
    snapshot: Snapshot,
    paths: Vec<RepoPath>,
    patched: BTreeSet<RepoPath>,
}

/// Looks at one repository; nothing where it holds no such objects, or has no such branch.
async fn one(
    context: &Context,
    (repository, branch): (&RepositoryName, &str),
    kinds: &Kinds,
    until: Timestamp,
) -> Result<Option<Holding>, String> {
    if context.clock.now() > until {
        return Err("there was no time".to_owned());
    }
    let branch: BranchName = branch.parse().map_err(|error: crate::names::NameError| error.to_string())?;
    let seen = tip(context, repository, &branch).await.map_err(|error| error.to_string())?;
    let Some((web, snapshot, index)) = seen else { return Ok(None) };
    let kinds: BTreeSet<(&str, &str)> = kinds.iter().map(|(group, kind)| (group.as_str(), kind.as_str())).collect();
    let paths: BTreeSet<_> = index.objects_of(&kinds).map(|(path, _)| path).collect();
    let paths: Vec<_> = paths.into_iter().filter(|path| index.holds_whole_objects(path)).collect();
    let patched = paths.iter().filter(|path| index.is_patched(path)).cloned().collect();
    Ok((!paths.is_empty()).then_some(Holding { web, snapshot, paths, patched }))
}

async fn tip(
    context: &Context,
    repository: &RepositoryName,
    branch: &BranchName,
) -> Result<Option<(String, Snapshot, RepositoryIndex)>, JobError> {
    let (repo, facts) = context.repository_facts(repository, Access::READ).await?;
    let mirror = context.mirrors.open(facts.id);
    let Some(tip) = admin::branch_tip(&repo, &mirror, &facts.clone_url, branch).await? else { return Ok(None) };
    admin::fetch(&repo, &mirror, &facts.clone_url, (std::slice::from_ref(&tip), &[branch.full_ref()])).await?;
    let snapshot = mirror.snapshot(&tip).await?;
    let index = context.indexes.of(facts.id, None, &snapshot).await?;
    let web = facts.clone_url.trim_end_matches('/').trim_end_matches(".git").to_owned();
    Ok(Some((web, snapshot, index)))
}

impl Holding {
    fn read(self, repository: RepositoryName, room: &mut Room) -> Result<TeamUsers, GitError> {
        let Self { web, snapshot, paths, patched } = self;
        let (files, left) = within(room, paths, |path| {
            let blob = snapshot.read(path)?;
            Ok::<_, GitError>(blob.map(|blob| indexes::read_blob(path, &blob)))
        })?;
        Ok(TeamUsers { repository, commit: snapshot.commit().clone(), web, files, patched, left })
    }
}
