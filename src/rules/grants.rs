//! What a change grants beyond the namespaces of teams: that somebody has to approve.

use sha2::{Digest as _, Sha256};

use super::{Holder, RightsChange, RightsDifference};

/// The rights that a change gives in the whole cluster, or in a namespace from which the cluster is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Only those who gain there, and only what they gain. `more` says that there may be others.
    pub rights: RightsDifference,
}

impl Grants {
    /// Those of a difference.
    pub fn of(difference: &RightsDifference) -> Self {
        let granted = |change: &RightsChange| {
            let who: Vec<Holder> = change.who.iter().filter(|holder| reaches_the_cluster(holder)).cloned().collect();
            let grants = !who.is_empty() && !change.gained.is_empty();
            grants.then(|| RightsChange { who, gained: change.gained.clone(), lost: Vec::new() })
        };
        let changes = difference.changes.iter().filter_map(granted).collect();
        Self { rights: RightsDifference { changes, more: difference.more } }
    }

    /// Whether nobody has to approve anything.
    pub const fn is_empty(&self) -> bool {
        self.rights.changes.is_empty() && !self.rights.more
    }

    /// One word for what is granted: who gains what, and through which bindings and roles, whatever the files are called
    /// and whatever else is in them. `None` where not everything is known, since that is the same as nothing.
    pub fn digest(&self) -> Option<String> {
        if self.rights.more {
            return None;
        }
        let mut lines: Vec<String> = Vec::new();
        for RightsChange { who, gained, .. } in &self.rights.changes {
            for right in gained {
                let mut ways: Vec<&str> = right.through.iter().map(|way| way.words.as_str()).collect();
                ways.sort_unstable();
                lines.extend(
                    who.iter().map(|holder| format!("{:?}", (&holder.subject, &holder.namespace, &right.what, &ways))),
                );
            }
        }
        lines.sort_unstable();
        lines.dedup();
        Some(hex::encode(Sha256::digest(lines.join("\n").as_bytes())))
    }
}

/// Whether a right there reaches beyond a team: in the whole cluster, or where the cluster's own parts run. Names that
/// start with `kube-` are reserved (kubernetes.io, "Namespaces"); `-system` is what installers of controllers write.
fn reaches_the_cluster(holder: &Holder) -> bool {
    let runs_it = |namespace: &String| namespace.starts_with("kube-") || namespace.ends_with("-system");
    holder.namespace.as_ref().is_none_or(runs_it)
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
        Grants::of(&RightsDifference { changes, more: false })
    }

    #[test]
    fn only_what_is_gained_beyond_a_team_counts() {
        let gained = [("get on secrets", "a")];
        let team = change(&[("ServiceAccount team1/flux", Some("team1"))], &gained);
        assert!(grants(vec![team.clone(), change(&[("User x", None)], &[])]).is_empty(), "of a team, and a loss");
        for namespace in [None, Some("kube-system"), Some("kube-public"), Some("flux-system"), Some("istio-system")] {
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
        let unknown = Grants::of(&RightsDifference { changes: Vec::new(), more: true });
        assert!(!unknown.is_empty() && unknown.digest().is_none(), "what is not known is not the same");
    }
}
