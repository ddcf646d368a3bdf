//! The words of the bot's comments. Whatever people or the cluster wrote goes through
//! [`super::markdown`], so that it cannot mention, link, hide or forge anything.

mod approve;
mod command;
mod key;
mod promote;
mod remedy;
mod remove;
mod request;
mod rotate;
mod source;
mod sync;
mod waive;

pub use approve::{
    approval_withdrawn, approve_changed, approve_nothing, approve_off, approve_other_head, approve_own,
    approve_unknown, approved,
};
pub use command::{
    command_error, command_failed, create_team_already_there, create_team_body, create_team_opened, create_team_plan,
    create_team_refused, denied, help, not_here, recheck_started,
};
pub use key::{KeyReport, KeyState};
pub use promote::{
    Promoted, promotion_already, promotion_body, promotion_closed, promotion_impossible, promotion_not_of_cluster,
    promotion_nothing, promotion_opened, promotion_other_branch, promotion_plan, promotion_refused, promotion_title,
    promotion_which_cluster,
};
pub use remove::{
    KeysGone, Leaving, RemovalStep, remove_team_body, remove_team_opened, remove_team_over, remove_team_plan,
    remove_team_refused, remove_team_title, remove_team_unproven, rename_team,
};
pub use request::{RequestReport, request_comment};
pub use rotate::{
    Rotation, RotationStep, key_problem, rotation_done, rotation_elsewhere, rotation_on_its_way, rotation_plan,
    rotation_refused, rotation_running, rotation_stopped,
};
pub use source::{Candidate, Search, no_source};
pub use sync::{SyncReport, SyncState, sync_comment};
pub use waive::{
    cannot_be_bound, head_not_seen, never_waived, nothing_judged, nothing_to_waive, too_many_waivers, waived,
};

/// The hidden line by which the bot finds its own comment again. It counts only in comments that
/// the App itself wrote.
pub fn marker(purpose: &str) -> String {
    format!("<!-- bailiwick:{purpose} -->")
}

/// A comment's body with its marker.
pub fn with_marker(purpose: &str, body: &str) -> String {
    format!("{}\n{body}", marker(purpose))
}

/// How long the answers in one comment may be together, in characters: GitHub takes 65,536.
const TOGETHER: usize = 64_000;

/// The answers to the commands of one comment, in their order. Those that do not fit beside the shorter ones are left
/// out, and that is said in their place.
pub fn together(answers: &[String]) -> String {
    let mut by_length: Vec<(usize, &String)> = answers.iter().enumerate().collect();
    by_length.sort_by_key(|(_, answer)| answer.chars().count());
    let mut room = TOGETHER;
    let mut kept = vec![false; answers.len()];
    for (place, answer) in by_length {
        let length = answer.chars().count() + RULE.len() + LEFT_OUT.len();
        kept[place] = length <= room || answers.len() == 1;
        room = room.saturating_sub(length);
    }
    let shown = answers.iter().zip(kept).map(|(answer, is_kept)| if is_kept { answer.as_str() } else { LEFT_OUT });
    shown.collect::<Vec<_>>().join(RULE)
}

const RULE: &str = "\n\n---\n\n";
const LEFT_OUT: &str = "The command was run, and its answer is too long to stand beside the others. Write it alone in a \
                        comment to see it: what is done is not done twice.";

#[cfg(test)]
mod tests {
    use super::{LEFT_OUT, together};

    #[test]
    fn answers_that_are_too_long_together_give_way_to_the_shorter_ones() {
        let (short, long) = ("Done.".to_owned(), "x".repeat(60_000));
        assert_eq!(together(&[short.clone(), short.clone()]), "Done.\n\n---\n\nDone.");
        assert_eq!(together(std::slice::from_ref(&long)), long);
        let all = together(&[long.clone(), long.clone(), short.clone(), long, short]);
        assert!(all.chars().count() < 65_000, "{}", all.len());
        assert_eq!(all.matches("Done.").count(), 2);
        assert_eq!(all.matches(LEFT_OUT).count(), 2);
    }
}
