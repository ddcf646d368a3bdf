//! The words about `/approve`.

use crate::names::CommitId;
use crate::report::count;
use crate::report::markdown::{code, cut, escape};

/// Bytes of a reason that are shown.
const LONGEST: usize = 200;

/// Nobody is asked.
pub fn approve_off() -> String {
    "Nothing has to be approved here: the configuration does not ask for it (`grants`). Nothing was done.".to_owned()
}

/// Who has a hand in the change does not approve it.
pub fn approve_own(why: &str) -> String {
    format!("You {why}, so it takes somebody else to approve it. Nothing was done.")
}

/// The commit that was named is not the head.
pub fn approve_other_head(named: &str, head: &CommitId) -> String {
    format!(
        "The head is `{}`, and you named {}. Look at what it grants now, then approve that commit. Nothing was done.",
        head.short(),
        code(named)
    )
}

/// What is granted is not what the check has shown.
pub fn approve_changed() -> String {
    "What this pull request grants is not what its check has shown when you wrote: the base branch has moved. The check \
     is brought up to date; look at it, then approve in a new comment. Nothing was approved."
        .to_owned()
}

/// There is nothing to approve.
pub fn approve_nothing() -> String {
    "This pull request gives nobody rights beyond the teams' own namespaces: there is nothing to approve. Nothing was done."
        .to_owned()
}

/// Not everything was judged.
pub fn approve_unknown(why: &str) -> String {
    format!(
        "What this pull request grants is not known, because not all of it could be judged: {}. Nothing was approved.",
        escape(&cut(why, LONGEST))
    )
}

/// It counts.
pub fn approved(head: &CommitId, number: usize, required: usize) -> String {
    let rest = match required.saturating_sub(number) {
        0 => "That is enough.".to_owned(),
        rest => format!("It takes {}.", if rest == 1 { "one more".to_owned() } else { format!("{rest} more") }),
    };
    format!(
        "You have approved what `{}` grants: {} of {required}. {rest} The next push clears it; `/approve --withdraw` takes it \
         back.",
        head.short(),
        count(number, "approval")
    )
}

/// It does not count any more, or never did.
pub fn approval_withdrawn(was_there: bool) -> String {
    match was_there {
        true => "Your approval is taken back.".to_owned(),
        false => "You have not approved this pull request. Nothing was done.".to_owned(),
    }
}
