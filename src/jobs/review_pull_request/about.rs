//! What a check run is about: the merge of a pull request, or that of a group in a merge queue.

use serde_json::{Value, json};

use crate::jobs::review_merge_group::ReviewMergeGroup;
use crate::names::{BranchName, CommitId, IssueNumber, RepositoryId};

/// Before the number of a pull request in an external id.
const PULL: &str = "review/";
/// Before the commit and the branch that a group goes onto.
const GROUP: &str = "group/";

/// Whose merge is judged.
#[derive(Debug, Clone)]
pub(in crate::jobs) struct Place {
    repository: RepositoryId,
    of: Of,
}

#[derive(Debug, Clone)]
enum Of {
    Pull(IssueNumber),
    Group(Box<ReviewMergeGroup>),
}

/// One merge of it, and how its verdict is asked for.
#[derive(Debug, Clone, Copy)]
pub(in crate::jobs) struct About<'a> {
    pub(in crate::jobs) place: &'a Place,
    /// The commit that has the check run.
    pub(in crate::jobs) head: &'a CommitId,
    /// The branch that it goes into.
    pub(in crate::jobs) base: &'a str,
    /// The check run's name.
    pub(in crate::jobs) name: &'a str,
    /// Whether somebody asked for it: then a verdict that stands is not enough.
    pub(in crate::jobs) again: bool,
}

impl Place {
    /// A pull request's.
    pub(in crate::jobs) const fn pull(repository: RepositoryId, number: IssueNumber) -> Self {
        Self { repository, of: Of::Pull(number) }
    }

    /// A merge queue's.
    pub(in crate::jobs) fn group(job: &ReviewMergeGroup) -> Self {
        Self { repository: job.repository, of: Of::Group(Box::new(job.clone())) }
    }

    /// Where the store keeps what is open there.
    pub(super) fn slot(&self) -> String {
        match &self.of {
            Of::Pull(number) => format!("{}/{number}", self.repository),
            Of::Group(job) => format!("{}{}", groups(self.repository), job.head),
        }
    }

    /// What the check run says to find its place again. It is enough to judge once more.
    pub(super) fn external_id(&self) -> String {
        match &self.of {
            Of::Pull(number) => format!("{PULL}{number}"),
            Of::Group(job) => format!("{GROUP}{}/{}", job.onto, job.base),
        }
    }

    /// A verdict is one on a head as a change of a base.
    pub(super) fn key(&self, head: &CommitId, base: &str) -> String {
        match &self.of {
            Of::Pull(_) => format!("{}/{head}/{base}", self.repository),
            Of::Group(_) => format!("{}{head}/{base}", groups(self.repository)),
        }
    }

    /// The pull request's number; nothing for a group.
    pub(super) fn number(&self) -> Option<u64> {
        match &self.of {
            Of::Pull(number) => Some(number.get()),
            Of::Group(_) => None,
        }
    }

    /// The pull request's number; of a group that of the one which it adds, where that is known.
    pub(super) fn pull_number(&self) -> Option<IssueNumber> {
        match &self.of {
            Of::Pull(number) => Some(*number),
            Of::Group(job) => job.pull(),
        }
    }

    /// The repository.
    pub(super) const fn repository(&self) -> RepositoryId {
        self.repository
    }

    /// The job that goes on where a check run of a group was left open: no list of the forge names groups.
    pub(super) fn resume(&self) -> Value {
        match &self.of {
            Of::Pull(_) => Value::Null,
            Of::Group(job) => json!(job),
        }
    }

    /// Why nobody judges what was begun there.
    pub(super) fn overtaken(&self) -> &'static str {
        match &self.of {
            Of::Pull(_) => "This commit was replaced, or the pull request closed, before it was judged.",
            Of::Group(_) => "The merge queue has merged this group or let go of it before it was judged.",
        }
    }
}

/// Before the slots and keys of a repository's groups; those of pull requests go on with a number or a commit.
pub(super) fn groups(repository: RepositoryId) -> String {
    format!("{repository}/{GROUP}")
}

/// The pull request that a check run's external id names.
pub(in crate::jobs) fn pull_of(external_id: &str) -> Option<IssueNumber> {
    external_id.strip_prefix(PULL)?.parse().ok().map(IssueNumber::new)
}

/// The commit and the branch that a group goes onto, by its check run's external id.
pub(in crate::jobs) fn group_of(external_id: &str) -> Option<(CommitId, BranchName)> {
    let (onto, base) = external_id.strip_prefix(GROUP)?.split_once('/')?;
    Some((onto.parse().ok()?, base.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Place, group_of, pull_of};
    use crate::jobs::review_merge_group::{ReviewMergeGroup, Wish};
    use crate::names::{InstallationId, IssueNumber, RepositoryId};

    const HEAD: &str = "1111111111111111111111111111111111111111";
    const ONTO: &str = "2222222222222222222222222222222222222222";

    #[test]
    fn a_check_run_says_what_it_is_about() {
        let repository = RepositoryId::new(5);
        let pull = Place::pull(repository, IssueNumber::new(7));
        let group = Place::group(&ReviewMergeGroup {
            installation: InstallationId::new(3),
            repository,
            repository_name: "org/dev-cluster".parse().expect("a name"),
            head: HEAD.parse().expect("a commit"),
            head_ref: None,
            onto: ONTO.parse().expect("a commit"),
            base: "release/1".parse().expect("a branch"),
            wish: Wish::Judge,
        });
        assert_eq!(pull_of(&pull.external_id()), Some(IssueNumber::new(7)));
        let (onto, base) = group_of(&group.external_id()).expect("a group's");
        assert_eq!((onto.as_str(), base.as_str()), (ONTO, "release/1"));
        assert_eq!((pull_of(&group.external_id()), group_of(&pull.external_id())), (None, None));
        let head = HEAD.parse().expect("a commit");
        assert_ne!(pull.key(&head, "main"), group.key(&head, "main"), "two verdicts");
        for odd in ["group/", "group/2222/main", "group/2222222222222222222222222222222222222222/a..b"] {
            assert_eq!(group_of(odd), None, "{odd}");
        }
    }
}
