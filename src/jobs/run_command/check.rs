//! `/check`: judge this pull request again.

use super::Call;
use crate::jobs::{ReviewPullRequest, Task as _};
use crate::report::comment;
use crate::store::NewJob;

pub(super) fn run(call: &Call<'_>, follow_up: &mut Vec<NewJob>) -> String {
    if !call.job.is_pull {
        return comment::not_here("check", "Write it on a pull request.");
    }
    let review = ReviewPullRequest {
        installation: call.job.installation,
        repository: call.job.repository,
        repository_name: call.job.repository_name.clone(),
        number: call.job.issue,
        again: true,
    };
    follow_up.push(review.to_job());
    comment::recheck_started()
}
