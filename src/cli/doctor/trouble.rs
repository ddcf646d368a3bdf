//! What an unanswered question means, and what to do about it.

use super::diagnosis::Diagnosis;
use crate::forge::ForgeError;
use crate::jobs::chain;

/// The forge did not answer for `thing`.
pub(super) fn of_forge(thing: &str, error: &ForgeError) -> Diagnosis {
    let seen = format!("{thing}: {}", chain(error));
    match error {
        ForgeError::RateLimited { until, .. } => Diagnosis::warning(
            format!("{thing}: not looked at: the budget of requests is used up"),
            format!("look again after {until}"),
        ),
        ForgeError::Unavailable { .. } => Diagnosis::problem(
            seen,
            "look at `github.api_url`, at the network and proxy of this machine, and at www.githubstatus.com",
        ),
        ForgeError::Forbidden { needs, .. } => {
            Diagnosis::problem(seen, format!("let the App ask for {needs}, and an owner accept it"))
        }
        ForgeError::NotFound { .. } => {
            Diagnosis::problem(seen, "correct the name in the configuration, or install the App there")
        }
        ForgeError::Unauthorized { .. } => Diagnosis::problem(seen, "see what is said of the App above"),
        _ => Diagnosis::problem(seen, "look again; is `github.api_url` the address of GitHub's REST API?"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::diagnosis::Level;
    use super::of_forge;
    use crate::forge::ForgeError;

    #[test]
    fn a_used_up_budget_is_no_fault_and_an_outage_is_one() {
        let what = "webhook".to_owned();
        let limited = ForgeError::RateLimited { what: what.clone(), until: jiff::Timestamp::UNIX_EPOCH };
        assert_eq!(of_forge("webhook", &limited).level, Level::Warning);
        let down = ForgeError::Unavailable { what, message: "no connection".to_owned(), source: None };
        assert_eq!(of_forge("webhook", &down).level, Level::Problem);
    }
}
