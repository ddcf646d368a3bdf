//! The words of the bot's comments. Whatever people or the cluster wrote goes through
//! [`super::markdown`], so that it cannot mention, link, hide or forge anything.

mod command;
mod key;
mod promote;
mod remedy;
mod source;
mod sync;

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
pub use source::{Candidate, Search, no_source};
pub use sync::{SyncReport, SyncState, sync_comment};

/// The hidden line by which the bot finds its own comment again. It counts only in comments that
/// the App itself wrote.
pub fn marker(purpose: &str) -> String {
    format!("<!-- bailiwick:{purpose} -->")
}

/// A comment's body with its marker.
pub fn with_marker(purpose: &str, body: &str) -> String {
    format!("{}\n{body}", marker(purpose))
}
