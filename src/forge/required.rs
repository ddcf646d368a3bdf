//! Which checks a branch demands of pull requests: by its protection, which GitHub shows with the branch, or
//! by rulesets, which it shows apart.

use serde::Deserialize;
use serde_json::Value;

use super::error::ForgeError;
use super::lenient::{null_is_default, unreadable_is_none};
use super::repo::Repo;
use crate::names::BranchName;

/// Whether a branch demands a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// It does.
    Required {
        /// The App that has to make it; `None` where anybody's counts.
        from: Option<u64>,
    },
    /// It does not.
    NotRequired,
    /// The branch is protected, and the forge does not show how.
    Hidden,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    protected: bool,
    #[serde(default, deserialize_with = "unreadable_is_none")]
    protection: Option<Protection>,
}

#[derive(Deserialize)]
struct Protection {
    #[serde(default)]
    required_status_checks: Option<Checks>,
}

#[derive(Deserialize)]
struct Checks {
    #[serde(default, deserialize_with = "null_is_default")]
    contexts: Vec<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    checks: Vec<Check>,
}

/// One check, as protections and rulesets have it.
#[derive(Deserialize)]
struct Check {
    context: String,
    /// -1 for anybody's.
    #[serde(default, alias = "integration_id")]
    app_id: Option<i64>,
}

#[derive(Deserialize)]
struct Rule {
    r#type: String,
    #[serde(default)]
    parameters: Value,
}

#[derive(Deserialize)]
struct RuleChecks {
    #[serde(default)]
    required_status_checks: Vec<Check>,
}

impl Repo {
    /// Whether pull requests into `branch` need the check `name`. Needs `Contents: read`.
    ///
    /// # Errors
    /// Any [`ForgeError`]; `NotFound` where there is no such branch.
    pub async fn requirement(&self, branch: &BranchName, name: &str) -> Result<Requirement, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/branches/{branch}", &[branch.as_str()]);
        let found: Branch = self.get(route, &format!("branch {branch}")).await?;
        let checks = found.protection.as_ref().and_then(|protection| protection.required_status_checks.as_ref());
        if let Some(from) = checks.and_then(|checks| checks.find(name)) {
            return Ok(Requirement::Required { from });
        }
        if let Some(from) = self.ruled(branch, name).await? {
            return Ok(Requirement::Required { from });
        }
        let hidden = found.protected && found.protection.is_none();
        Ok(if hidden { Requirement::Hidden } else { Requirement::NotRequired })
    }

    /// The same by rulesets, with whom it has to come from.
    async fn ruled(&self, branch: &BranchName, name: &str) -> Result<Option<Option<u64>>, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/rules/branches/{branch}", &[branch.as_str()]);
        let mut found = None;
        let look = |rule: Rule| {
            if rule.r#type == "required_status_checks"
                && let Ok(checks) = serde_json::from_value::<RuleChecks>(rule.parameters)
            {
                found = found.or_else(|| from(&checks.required_status_checks, name));
            }
            true
        };
        self.pages(route, &format!("rules for branch {branch}"), look).await?;
        Ok(found)
    }
}

impl Checks {
    /// An older server lists names only.
    fn find(&self, name: &str) -> Option<Option<u64>> {
        from(&self.checks, name).or_else(|| self.contexts.iter().any(|context| context == name).then_some(None))
    }
}

fn from(checks: &[Check], name: &str) -> Option<Option<u64>> {
    let check = checks.iter().find(|check| check.context == name)?;
    Some(check.app_id.and_then(|app| u64::try_from(app).ok()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Branch, Checks};

    fn find(checks: serde_json::Value) -> Option<Option<u64>> {
        serde_json::from_value::<Checks>(checks).expect("checks").find("bailiwick/review")
    }

    #[test]
    fn who_has_to_make_the_check() {
        let named =
            |app| json!({"contexts": ["bailiwick/review"], "checks": [{"context": "bailiwick/review", "app_id": app}]});
        assert_eq!(find(named(json!(7))), Some(Some(7)));
        assert_eq!((find(named(json!(null))), find(named(json!(-1)))), (Some(None), Some(None)));
        assert_eq!(find(json!({"contexts": ["bailiwick/review"]})), Some(None), "an older server");
        assert_eq!(find(json!({"contexts": ["build"], "checks": [{"context": "build"}]})), None);
        let odd: Branch = serde_json::from_value(json!({"protected": true, "protection": 7})).expect("a branch");
        assert!(odd.protected && odd.protection.is_none());
    }
}
