//! What is left of the hour's requests, per installation. Asking costs nothing of it.

use futures::future::join_all;

use super::diagnosis::Diagnosis;
use super::trouble::of_forge;
use crate::forge::{Forge, ForgeError, HourlyBudget, Installed};

/// Bailiwick is for one organisation or a few: of so many the budget is asked for.
const MOST: usize = 20;

pub(super) async fn look(forge: &Forge) -> Vec<Diagnosis> {
    let installed = match forge.installed().await {
        Ok(installed) => installed,
        Err(error) => return vec![of_forge("installations", &error)],
    };
    if installed.is_empty() {
        return vec![Diagnosis::problem(
            "installations: the App is installed nowhere",
            "install it on the admin repositories and the team repositories (its page at GitHub, Install App)",
        )];
    }
    let asked = installed.iter().filter(|it| it.suspended_at.is_none()).take(MOST);
    join_all(asked.map(|it| async { judge(it, &forge.hourly_budget(it.id).await) })).await
}

fn judge(installed: &Installed, budget: &Result<Option<HourlyBudget>, ForgeError>) -> Diagnosis {
    let thing = format!("budget of {}", installed.owner());
    let budget = match budget {
        Ok(Some(budget)) => budget,
        Ok(None) => return Diagnosis::ok(format!("{thing}: this server has no limits")),
        Err(error) => return of_forge(&thing, error),
    };
    let HourlyBudget { limit, remaining, .. } = budget;
    let seen = format!("{thing}: {remaining} of {limit} requests left, new at {}", budget.reset());
    if remaining.saturating_mul(10) >= *limit {
        return Diagnosis::ok(seen);
    }
    Diagnosis::warning(
        seen,
        "until then people's commands go first and the rest waits; if it happens again, who else uses this App's key?",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::diagnosis::Level;
    use super::judge;
    use crate::forge::{HourlyBudget, Installed};

    #[test]
    fn below_a_tenth_is_worth_a_word() {
        let installed: Installed =
            serde_json::from_value(json!({"id": 7, "account": {"login": "org"}})).expect("an installation");
        let level = |limit: u64, remaining: u64| {
            let told = json!({"limit": limit, "remaining": remaining, "reset": 1_795_906_000});
            let budget: HourlyBudget = serde_json::from_value(told).expect("a budget");
            judge(&installed, &Ok(Some(budget))).level
        };
        assert_eq!([level(5000, 5000), level(5000, 500)], [Level::Ok; 2]);
        assert_eq!([level(5000, 499), level(5000, 0)], [Level::Warning; 2]);
        assert_eq!(judge(&installed, &Ok(None)).level, Level::Ok);
        let nobody: Installed = serde_json::from_value(json!({"id": 7, "account": null})).expect("an installation");
        assert_eq!(nobody.owner(), "installation 7");
    }
}
