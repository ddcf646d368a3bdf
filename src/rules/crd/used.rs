//! How many objects a definition takes with it, in words.

use std::collections::BTreeSet;

use crate::rules::Review;

/// So many teams' repositories are named.
const TEAMS: usize = 20;

/// How many objects of a definition's kind (its group, and the kind) there are after the change: in the repository,
/// and in those of the teams. Empty where none is known.
pub(super) fn used(review: &Review<'_>, (group, kind): (&str, &str)) -> String {
    let here = review.after.objects_of(&BTreeSet::from([(group, kind)])).count();
    let teams = review.users.in_teams(group, kind);
    let here = if here > 0 { format!(" This repository alone holds {here} of them.") } else { String::new() };
    if teams.is_empty() {
        return here;
    }
    let named = teams.iter().take(TEAMS).map(|(repository, count)| format!("{repository} ({count})"));
    let more = if teams.len() > TEAMS { format!(" and {} more", teams.len() - TEAMS) } else { String::new() };
    format!("{here} Teams hold {}: {}{more}.", teams.values().sum::<usize>(), named.collect::<Vec<_>>().join(", "))
}
