//! What a cluster says of the definitions of a change in a dry run. It is asked before the judge is, and the
//! answers are told to the rules, which ask nobody.

use std::collections::BTreeMap;

use super::kustomization::holds_variables;
use super::{Review, crd};
use crate::manifest::Object;
use crate::names::{ClusterName, RepoPath};
use crate::schema::same;

/// Which object: its file, and the byte at which it begins there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    file: RepoPath,
    offset: usize,
}

impl Spot {
    fn of(object: &Object) -> Self {
        Self { file: object.file.clone(), offset: object.node.start.offset }
    }
}

/// A definition that a cluster may be asked about.
#[derive(Debug)]
pub struct Candidate {
    /// Which.
    pub spot: Spot,
    /// The definition as Flux would send it; or the answer where it is not to be sent.
    pub object: Result<serde_json::Value, Answer>,
}

/// What came of asking about one definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The cluster would take it, with these warnings.
    Accepted {
        /// The API server's words.
        warnings: Vec<String>,
    },
    /// The cluster would not take it.
    Refused {
        /// The API server's words: they may repeat whatever stands in the definition.
        message: String,
        /// Its words about single fields: path and fault; may be empty.
        causes: Vec<(String, String)>,
    },
    /// The cluster was not asked, or did not answer.
    Untried {
        /// Why: a few words, without a full stop.
        why: String,
        /// Whether that is as it should be, so that nobody has to look at it.
        expected: bool,
    },
}

/// What one cluster said.
#[derive(Debug)]
pub struct Trials {
    /// Which cluster.
    pub cluster: ClusterName,
    answers: BTreeMap<Spot, Answer>,
}

impl Trials {
    /// The answers of a cluster.
    pub fn new(cluster: ClusterName, answers: impl IntoIterator<Item = (Spot, Answer)>) -> Self {
        Self { cluster, answers: answers.into_iter().collect() }
    }

    /// What it said of an object; `None` where that was not to be asked.
    pub(super) fn of(&self, object: &Object) -> Option<&Answer> {
        self.answers.get(&Spot::of(object))
    }
}

/// The definitions that the change makes or changes and that Flux applies, as far as the layout says, in the order in
/// which they stand. The first `most` of those that can be sent are.
pub(super) fn candidates(review: &Review<'_>, most: usize) -> Vec<Candidate> {
    let applied = |object: &Object| review.is_synced(&object.file) && review.holds_whole_objects(&object.file);
    let new =
        |object: &Object| crd::old_definition(review, object).is_none_or(|old| !same(&old.object.node, &object.node));
    let definitions = crd::current(review).map(|definition| definition.object);
    let wanted = definitions.filter(|object| applied(object) && new(object));
    let mut left = most;
    let mut sent = |object: &Object| {
        if holds_variables(&object.node) {
            let why = "${…} stands in it, which Flux may fill in, and nobody has seen with what".to_owned();
            return Err(Answer::Untried { why, expected: true });
        }
        if object.encrypted {
            let why = "it has a `sops` block, which Flux takes out when it decrypts".to_owned();
            return Err(Answer::Untried { why, expected: false });
        }
        if left == 0 {
            return Err(Answer::Untried { why: format!("{most} others were"), expected: false });
        }
        left -= 1;
        Ok(object.node.to_json())
    };
    wanted.map(|object| Candidate { spot: Spot::of(object), object: sent(object) }).collect()
}

/// What the cluster of a review said of one of its objects, where it was to be asked.
pub(super) fn answer<'a>(review: &Review<'a>, object: &Object) -> Option<(&'a ClusterName, &'a Answer)> {
    let trials = review.trials?;
    Some((&trials.cluster, trials.of(object)?))
}
