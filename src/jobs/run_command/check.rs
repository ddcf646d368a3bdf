//! `/check`: judge this pull request again.

use super::Call;
use crate::report::comment;
use crate::store::NewJob;

pub(super) fn run(call: &Call<'_>, follow_up: &mut Vec<NewJob>) -> String {
    if !call.job.is_pull {
        return comment::not_here("check", "Write it on a pull request.");
    }
    follow_up.push(call.review_again());
    comment::recheck_started()
}
