//! What a change grants beyond the namespaces of teams, and what else of it decides over the cluster: that somebody has to
//! approve.

use sha2::{Digest as _, Sha256};

use super::kustomization::{NOT_EVALUATED, NotEvaluated};
use super::yaml::{UNREADABLE, Unreadable};
use super::{Change, Fate, Holder, Judgement, RightsChange, RightsDifference, Rule, Scope, fingerprint};
use crate::finding::{Finding, Location};
use crate::tenancy::RepositoryIndex;

/// What a change gives beyond the teams' own namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// The rights: only those who gain there, and only what they gain. `more` says that there may be others.
    pub rights: RightsDifference,
    /// What else decides over the cluster.
    pub others: Vec<Other>,
}

/// Something that no right tells of, and that may bring any.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Other {
    /// In a few words, with what others have written.
    pub words: String,
    /// Where it stands.
    pub at: Location,
    /// One word for it, whatever stands before it in its file.
    digest: String,
}

/// The API groups of what Flux and its operator apply, and from where.
const FLUX: [&str; 6] = [
    "kustomize.toolkit.fluxcd.io",
    "helm.toolkit.fluxcd.io",
    "source.toolkit.fluxcd.io",
    "source.extensions.fluxcd.io",
    "image.toolkit.fluxcd.io",
    "fluxcd.controlplane.io",
];

impl Change {
    /// What it grants, once it was judged.
    pub fn grants(&self, judgement: &Judgement) -> Grants {
        let mut grants = Grants::of(&self.difference(judgement), |namespace| self.is_a_teams(namespace));
        let waived = judgement.waived.iter().map(|waived| &waived.finding);
        let unknown = judgement.findings.iter().chain(waived).filter(|finding| {
            let rule = finding.rule.as_str();
            rule == NOT_EVALUATED || rule == UNREADABLE
        });
        grants.others = unknown.map(not_followed).chain(self.flux_objects()).collect();
        grants.others.sort();
        grants.others.dedup();
        grants
    }

    /// What of the change nobody can follow, as one of the views sees it: what cannot be read, and what only kustomize and
    /// Flux make.
    ///
    /// # Panics
    /// Where there is no such view.
    pub fn not_followed(&self, view: usize) -> Vec<Finding> {
        let review = self.review(view, Scope::Admin);
        let rules: [&dyn Rule; 2] = [&Unreadable, &NotEvaluated];
        rules.iter().flat_map(|rule| rule.check(&review)).collect()
    }

    /// Who gains and loses which rights, to all views together. A judgement knows it but for a repository that was empty:
    /// there everything is new, and whoever judges it asks for no difference.
    fn difference(&self, judgement: &Judgement) -> RightsDifference {
        if self.whole_before.iter().all(|before| before.file_count() > 0) {
            return judgement.rights.clone();
        }
        let mut all = RightsDifference::default();
        (0..self.views()).for_each(|view| all.absorb(self.rights(view)));
        all
    }

    /// Whether a namespace is some team's, and was nobody else's before.
    fn is_a_teams(&self, namespace: &str) -> bool {
        let owned = |index: &RepositoryIndex| index.owner_of_namespace(namespace).is_some();
        let of_others =
            |index: &RepositoryIndex| index.declarations_of_namespace(namespace).next().is_some() && !owned(index);
        let after = || self.views.iter().map(|view| &view.after);
        after().any(owned) && !after().chain(&self.whole_before).any(of_others)
    }

    /// What changes of that which Flux applies for nobody's account but its own: a team's own objects are judged by
    /// where they stand and whose account they name.
    fn flux_objects(&self) -> impl Iterator<Item = Other> {
        let of_team = |at: &Location| self.views.iter().any(|view| view.after.team_of_path(&at.file).is_some());
        let changed = self.objects().into_iter().filter(move |change| {
            let group = change.object.api_version.split('/').next().unwrap_or_default();
            change.fate != Fate::Removed && FLUX.contains(&group) && !of_team(&change.at)
        });
        changed.map(|change| {
            let word = if change.fate == Fate::Added { "is new" } else { "changes" };
            let words = format!("{} {word}: Flux may apply something else with its own rights", change.object);
            Other { words, digest: self.content_of(&change.object).unwrap_or_default(), at: change.at }
        })
    }
}

fn not_followed(finding: &Finding) -> Other {
    Other { words: finding.message.clone(), at: finding.location.clone(), digest: fingerprint(finding) }
}

impl Grants {
    /// Those of a difference; `is_a_teams` says of a namespace whether it is some team's own.
    fn of(difference: &RightsDifference, is_a_teams: impl Fn(&str) -> bool) -> Self {
        let beyond =
            |holder: &&Holder| holder.namespace.as_deref().is_none_or(|own| runs_the_cluster(own) || !is_a_teams(own));
        let granted = |change: &RightsChange| {
            let who: Vec<Holder> = change.who.iter().filter(beyond).cloned().collect();
            let grants = !who.is_empty() && !change.gained.is_empty();
            grants.then(|| RightsChange { who, gained: change.gained.clone(), lost: Vec::new() })
        };
        let changes = difference.changes.iter().filter_map(granted).collect();
        Self { rights: RightsDifference { changes, more: difference.more }, others: Vec::new() }
    }

    /// Whether nobody has to approve anything.
    pub const fn is_empty(&self) -> bool {
        self.rights.changes.is_empty() && !self.rights.more && self.others.is_empty()
    }

    /// One word for what is granted: who gains what, and through which bindings and roles, whatever the files are called
    /// and whatever else is in them. `None` where there is too much to follow, since that is the same as nothing.
    pub fn digest(&self) -> Option<String> {
        if self.rights.more {
            return None;
        }
        let mut lines: Vec<String> =
            self.others.iter().map(|other| format!("{:?}", (&other.at.file, &other.digest))).collect();
        for RightsChange { who, gained, .. } in &self.rights.changes {
            for right in gained {
                let mut ways: Vec<&str> = right.through.iter().map(|way| way.words.as_str()).collect();
                ways.sort_unstable();
                let line = |holder: &Holder| format!("{:?}", (&holder.subject, &holder.namespace, &right.what, &ways));
                lines.extend(who.iter().map(line));
            }
        }
        lines.sort_unstable();
        lines.dedup();
        Some(hex::encode(Sha256::digest(lines.join("\n").as_bytes())))
    }
}

/// Whether the cluster's own parts run there, whoever says that it is a team's. Names that start with `kube-` are
/// reserved (kubernetes.io, "Namespaces"); `-system` is what installers of controllers write.
fn runs_the_cluster(namespace: &str) -> bool {
    namespace.starts_with("kube-") || namespace.ends_with("-system") || namespace == "default"
}

#[cfg(test)]
mod tests {
    use super::Grants;
    use crate::rules::{Holder, Right, RightsChange, RightsDifference, Way};

    fn change(who: &[(&str, Option<&str>)], gained: &[(&str, &str)]) -> RightsChange {
        let holder = |(subject, namespace): &(&str, Option<&str>)| Holder {
            subject: (*subject).to_owned(),
            namespace: namespace.map(str::to_owned),
        };
        let right = |(what, way): &(&str, &str)| Right {
            what: (*what).to_owned(),
            through: vec![Way { words: (*way).to_owned(), binding: None, role: None }],
        };
        let lost = vec![right(&("get on pods", "some way"))];
        RightsChange { who: who.iter().map(holder).collect(), gained: gained.iter().map(right).collect(), lost }
    }

    fn grants(changes: Vec<RightsChange>) -> Grants {
        Grants::of(&RightsDifference { changes, more: false }, |namespace| namespace == "team1")
    }

    #[test]
    fn only_what_is_gained_beyond_a_team_counts() {
        let gained = [("get on secrets", "a")];
        let team = change(&[("ServiceAccount team1/flux", Some("team1"))], &gained);
        assert!(grants(vec![team.clone(), change(&[("User x", None)], &[])]).is_empty(), "of a team, and a loss");
        for namespace in [None, Some("kube-system"), Some("flux-system"), Some("default"), Some("cert-manager")] {
            let reaching =
                grants(vec![team.clone(), change(&[("User x", Some("team1")), ("User y", namespace)], &gained)]);
            assert_eq!(reaching.rights.changes.len(), 1, "{namespace:?}");
            assert_eq!(reaching.rights.changes[0].who[0].subject, "User y");
            assert!(reaching.rights.changes[0].lost.is_empty());
        }
    }

    #[test]
    fn the_same_grants_are_one_word_and_others_another() {
        let one = |what, way| change(&[("User y", None)], &[(what, way)]);
        let (secrets, pods) = (one("get on secrets", "a"), one("get on pods", "a"));
        let both = grants(vec![secrets.clone(), pods.clone()]).digest();
        assert_eq!(grants(vec![pods.clone(), secrets.clone()]).digest(), both);
        let together = change(&[("User y", None)], &[("get on pods", "a"), ("get on secrets", "a")]);
        assert_eq!(grants(vec![together]).digest(), both, "however they are grouped");
        let others = [
            grants(vec![secrets.clone()]),
            grants(vec![pods, one("get on secrets", "b")]),
            grants(vec![secrets, change(&[("User z", None)], &[("get on pods", "a")])]),
            grants(Vec::new()),
        ];
        assert!(others.iter().all(|other| other.digest() != both && other.digest().is_some()));
        let unknown = Grants::of(&RightsDifference { changes: Vec::new(), more: true }, |_| true);
        assert!(!unknown.is_empty() && unknown.digest().is_none(), "what is not known is not the same");
    }
}
