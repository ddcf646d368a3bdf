use crate::store::Priority;

tokio::task_local! {
    /// For whom the current task asks. It travels with the task and not through every signature,
    /// because it changes when a request is sent and never what is sent.
    static ASKED_BY: Priority;
}

/// Runs `work` so that its requests count as made for a job of this priority: when the forge's
/// budget runs low, sweeps are refused first, then what events asked for, people's commands last.
pub async fn at_priority<F: Future>(priority: Priority, work: F) -> F::Output {
    ASKED_BY.scope(priority, work).await
}

/// For whom the current task asks; outside of jobs it is nobody's sweep and nobody's command.
pub(super) fn current() -> Priority {
    ASKED_BY.try_with(|priority| *priority).unwrap_or_default()
}
