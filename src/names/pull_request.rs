use super::number_name;

number_name! {
    /// The number of a pull request or issue (they share one sequence per repository).
    IssueNumber
}
number_name! {
    /// GitHub's id of an issue comment.
    CommentId
}
number_name! {
    /// GitHub's id of a check run.
    CheckRunId
}
number_name! {
    /// GitHub's id of a deployment.
    DeploymentId
}
number_name! {
    /// GitHub's id of a deploy key. A key never changes: it is deleted and another one made.
    DeployKeyId
}
