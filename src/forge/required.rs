//! Which checks a branch demands of pull requests: by its protection, which GitHub shows with the branch, or
//! by rulesets, which it shows apart.

use serde::Deserialize;
use serde_json::Value;

use super::error::{ForgeError, absent_is_none};
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

/// What a branch demands of pull requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demands {
    /// The check that was asked for.
    pub check: Requirement,
    /// Whether a head has to contain the branch's tip before it is merged: only then its checks are about what
    /// comes of the merge. `None` where the forge does not show that.
    pub up_to_date: Option<bool>,
    /// The branch's merge queue, as far as rulesets make it.
    pub queue: Option<MergeQueue>,
}

/// A merge queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergeQueue {
    /// Whether each pull request of a group has to pass, and not the last one alone (`ALLGREEN`).
    pub all_must_pass: bool,
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
    /// GitHub's description lets it be missing.
    #[serde(default)]
    strict: Option<bool>,
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
    #[serde(default)]
    strict_required_status_checks_policy: bool,
}

/// What all rulesets together demand.
#[derive(Default)]
struct Ruled {
    found: Option<Option<u64>>,
    strict: bool,
    queue: Option<MergeQueue>,
}

impl Repo {
    /// What `branch` demands of pull requests, with whether they need the check `name`. Needs `Contents: read`.
    ///
    /// # Errors
    /// Any [`ForgeError`]; `NotFound` where there is no such branch.
    pub async fn demands(&self, branch: &BranchName, name: &str) -> Result<Demands, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/branches/{branch}", &[branch.as_str()]);
        let found: Branch = self.get(route, &format!("branch {branch}")).await?;
        let ruled = self.ruled(branch, name).await?;
        let checks = found.protection.as_ref().and_then(|protection| protection.required_status_checks.as_ref());
        let required = checks.and_then(|checks| checks.find(name)).or(ruled.found);
        let check = match required {
            Some(from) => Requirement::Required { from },
            None if found.protected && found.protection.is_none() => Requirement::Hidden,
            None => Requirement::NotRequired,
        };
        let shown = checks.filter(|checks| checks.any()).map_or(Some(false), |checks| checks.strict);
        Ok(Demands { check, up_to_date: if ruled.strict { Some(true) } else { shown }, queue: ruled.queue })
    }

    /// The same by rulesets; an older server has none.
    async fn ruled(&self, branch: &BranchName, name: &str) -> Result<Ruled, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/rules/branches/{branch}", &[branch.as_str()]);
        let mut all = Ruled::default();
        let look = |rule: Rule| {
            all.add(rule, name);
            true
        };
        absent_is_none(self.pages(route, &format!("rules for branch {branch}"), look).await)?;
        Ok(all)
    }
}

impl Ruled {
    fn add(&mut self, rule: Rule, name: &str) {
        match rule.r#type.as_str() {
            "required_status_checks" => {
                let Ok(checks) = serde_json::from_value::<RuleChecks>(rule.parameters) else { return };
                self.found = self.found.or_else(|| from(&checks.required_status_checks, name));
                // It takes effect only where some check is demanded.
                self.strict |= checks.strict_required_status_checks_policy && !checks.required_status_checks.is_empty();
            }
            "merge_queue" => {
                let all_must_pass = rule.parameters["grouping_strategy"] != "HEADGREEN";
                self.queue = Some(MergeQueue { all_must_pass });
            }
            _ => {}
        }
    }
}

impl Checks {
    /// An older server lists names only.
    fn find(&self, name: &str) -> Option<Option<u64>> {
        from(&self.checks, name).or_else(|| self.contexts.iter().any(|context| context == name).then_some(None))
    }

    const fn any(&self) -> bool {
        !self.checks.is_empty() || !self.contexts.is_empty()
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
