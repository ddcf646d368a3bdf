//! What the check `bailiwick/grants` says.

use super::markdown::{code, cut, escape};
use super::{CheckRunReport, Conclusion, SUMMARY_BYTES, count, rights_markdown};
use crate::names::{CommitId, Login};
use crate::rules::{Grants, Other};

/// Bytes of a reason that are shown.
const LONGEST: usize = 400;

/// Who has approved a change, and who has to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approvals<'a> {
    /// How many people have to.
    pub required: usize,
    /// Those who have, and whose approval counts.
    pub by: Vec<&'a Login>,
    /// Where the approvals are given.
    pub on: Asked<'a>,
}

/// Where approvals are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'a> {
    /// On the pull request, for this head.
    Here(&'a CommitId),
    /// Before the pull request came into the merge queue.
    Before,
}

/// What a change grants, and whether enough people have approved it. On a group of a merge queue too few are a failure:
/// the queue goes on, and nobody can approve there.
pub fn grants_check(grants: &Grants, approvals: &Approvals<'_>) -> CheckRunReport {
    if grants.is_empty() {
        let summary = "Nobody gains rights beyond the teams' own namespaces, and nothing changes that Flux applies with its own \
                       rights. Nobody has to approve anything here.";
        return report(Conclusion::Success, "Nothing to approve".to_owned(), summary.to_owned());
    }
    let Approvals { required, by, on } = approvals;
    let table = rights_markdown(&grants.rights, SUMMARY_BYTES / 2) + &others(grants);
    let who = approved_by(by);
    if by.len() >= *required {
        let title = format!("Approved by {}", count_people(by.len()));
        return report(Conclusion::Success, title, [who, table].join("\n"));
    }
    let title = format!("{} of {} approvals", by.len(), required);
    let (conclusion, ask) = match on {
        Asked::Here(head) => (
            Conclusion::ActionRequired,
            format!(
                "This change decides over more than one team. {} to approve it, {}: whoever may, comments \
                 `/approve {}`. Nobody counts who opened the pull request, asked for it or pushed to it, and the next push \
                 clears what was approved.",
                if *required == 1 { "Somebody has".to_owned() } else { format!("{required} people have") },
                if by.is_empty() { "and nobody has".to_owned() } else { format!("and {} has", count_people(by.len())) },
                &head.as_str()[..head.as_str().len().min(SHOWN)]
            ),
        ),
        Asked::Before => (
            Conclusion::Failure,
            "This merge decides over more than one team, and what it grants is not what was approved on the pull \
             request: something else was merged meanwhile, or before it in the queue, or nobody has approved. Bring the \
             pull request up to date, have it approved, and put it into the queue again."
                .to_owned(),
        ),
    };
    let parts = [ask + "\n", who, table];
    report(conclusion, title, parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n"))
}

/// What decides over the cluster and is no right.
fn others(grants: &Grants) -> String {
    if grants.others.is_empty() {
        return String::new();
    }
    let mut text = "\n### Beside rights\n\n".to_owned();
    let line = |other: &Other| {
        let place = format!("{}:{}", other.at.file, other.at.line);
        format!("- {}: {}\n", code(&cut(&place, LONGEST)), escape(&cut(&other.words, LONGEST)))
    };
    text.extend(grants.others.iter().take(OTHERS).map(line));
    if grants.others.len() > OTHERS {
        text.push_str(&format!("- … and {}\n", count(grants.others.len() - OTHERS, "other")));
    }
    text
}

/// So many of them are told.
const OTHERS: usize = 20;

/// Characters of a commit's id: as many as `/approve` takes at least.
const SHOWN: usize = 12;

/// There is nothing that could be approved, because not everything was judged: never green.
pub fn grants_unknown(why: &str) -> CheckRunReport {
    let summary = format!(
        "What this change grants is not known, because not all of it could be judged: {}. See the check beside this one.",
        escape(&cut(why, LONGEST))
    );
    report(Conclusion::Failure, "Not known".to_owned(), summary)
}

fn report(conclusion: Conclusion, title: String, summary: String) -> CheckRunReport {
    let summary = cut(&summary, SUMMARY_BYTES);
    CheckRunReport { conclusion, title, summary, annotations: Vec::new() }
}

fn approved_by(by: &[&Login]) -> String {
    let names: Vec<String> = by.iter().map(|login| code(login.as_str())).collect();
    if names.is_empty() { String::new() } else { format!("Approved by {}.\n", names.join(", ")) }
}

fn count_people(number: usize) -> String {
    if number == 1 { count(1, "person") } else { format!("{number} people") }
}

#[cfg(test)]
mod tests {
    use super::{Approvals, Asked, grants_check, grants_unknown};
    use crate::report::Conclusion;
    use crate::rules::{Grants, Holder, Right, RightsChange, RightsDifference, Way};

    #[test]
    fn the_check_says_what_is_granted_and_who_has_to_approve() {
        let way = Way { words: "ClusterRoleBinding x gives ClusterRole `y`".to_owned(), binding: None, role: None };
        let change = RightsChange {
            who: vec![Holder { subject: "User <b>eve</b>".to_owned(), namespace: None }],
            gained: vec![Right { what: "get on secrets".to_owned(), through: vec![way] }],
            lost: Vec::new(),
        };
        let grants = Grants { rights: RightsDifference { changes: vec![change], more: false }, others: Vec::new() };
        let head = "1234567890abcdef1234567890abcdef12345678".parse().expect("a commit");
        let (alice, carol) = ("alice".parse().expect("a login"), "carol".parse().expect("a login"));
        let said = |by: &[_], required, on| {
            let report = grants_check(&grants, &Approvals { required, by: by.to_vec(), on });
            format!("{} · {}\n\n{}", report.conclusion.as_str(), report.title, report.summary)
        };
        let here = Asked::Here(&head);
        let all = [
            said(&[], 1, here),
            said(&[&alice], 2, here),
            said(&[&alice, &carol], 2, here),
            said(&[], 1, Asked::Before),
        ];
        insta::assert_snapshot!(all.join("\n\n=====\n\n"));
        let none = Approvals { required: 3, by: Vec::new(), on: here };
        assert_eq!(grants_check(&Grants::default(), &none).conclusion, Conclusion::Success);
        assert_eq!(grants_unknown("x").conclusion, Conclusion::Failure);
    }
}
