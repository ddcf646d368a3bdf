//! What the jobs need of the App: for whoever looks whether it has it. A test reads the sources of the jobs and
//! fails where one asks for a set of rights that is not named here.

use super::plan::ASKING;
use crate::command::COMMANDS;
use crate::config::{AccessMode, AllowRule, ClusterConfig, Config};
use crate::forge::Access;

/// What no job goes without.
const ALWAYS: [Access; 8] = [
    Access::METADATA,
    Access::READ,
    Access::REVIEW,
    Access::VERDICT,
    Access::COMMENT,
    Access::COMMENT_ON_ISSUES,
    Access::PROPOSE,
    Access::DEPLOYMENTS,
];
/// What GitHub sends whether or not the App subscribes to it (docs.github.com, "Webhook events and payloads").
const UNASKED: [&str; 4] = ["check_run", "check_suite", "installation", "installation_repositories"];

/// The rights that the jobs of these clusters ask for.
pub fn access<'a>(config: &Config, clusters: impl IntoIterator<Item = &'a ClusterConfig>) -> Access {
    let mut needed = ALWAYS.into_iter().fold(Access::METADATA, Access::and);
    if clusters.into_iter().any(registers_keys) {
        needed = needed.and(Access::KEYS);
    }
    let mut rules = COMMANDS.iter().flat_map(|command| config.allow(command.name));
    if rules.any(|rule| matches!(rule, AllowRule::Team { .. })) {
        needed = needed.and(Access::MEMBERS);
    }
    needed
}

/// The events that the App has to subscribe to. That of merge queues matters only where there is one.
pub fn events(config: &Config) -> Vec<&'static str> {
    let keys = config.clusters.iter().any(registers_keys);
    let names = ASKING.iter().map(|(name, _)| *name);
    names.filter(|name| !UNASKED.contains(name) && (keys || *name != "deploy_key") && *name != "merge_group").collect()
}

fn registers_keys(cluster: &ClusterConfig) -> bool {
    cluster.git_access.mode == AccessMode::DeployKey
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{access, events};
    use crate::config::testing::AnySecret;
    use crate::config::{self, Config};

    fn config(mode: &str, commands: &str) -> Config {
        let text = format!(
            "database: sqlite://b.db\ngithub: {{app_id: 1, private_key: {{file: key.pem}}, webhook_secrets: [{{env: S}}]}}\n\
             clusters:\n  - {{name: dev, admin_repository: org/dev, team_repository: \"org/dev-{{team}}\", \
             git_access: {{mode: {mode}}}}}\n{commands}"
        );
        config::parse(&text, "b.yaml", &AnySecret).expect("a configuration")
    }

    #[test]
    fn what_is_needed_depends_on_the_configuration() {
        let plain = config("none", "");
        assert_eq!(
            access(&plain, &plain.clusters).to_string(),
            "checks: write, contents: write, deployments: write, issues: write, metadata: read, pull_requests: write"
        );
        assert_eq!(events(&plain), ["pull_request", "issue_comment", "push", "repository"]);
        let all = config("deploy-key", "commands: {create-team: {allow: [\"team:org/platform\"]}}\n");
        let needed = access(&all, &all.clusters).to_string();
        assert!(needed.contains("administration: write") && needed.contains("members: read"), "{needed}");
        assert!(!access(&all, []).to_string().contains("administration"), "of no cluster");
        assert!(events(&all).contains(&"deploy_key"));
    }

    /// Every set of rights that a job asks for, by its name in the sources.
    fn asked_for(directory: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).expect("the jobs' sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                asked_for(&path, found);
            } else if path.file_name().is_some_and(|name| name != "needs.rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                let names = text
                    .split("Access::")
                    .skip(1)
                    .map(|rest| rest.split(|c: char| !c.is_ascii_uppercase() && c != '_').next());
                found.extend(names.flatten().filter(|name| name.len() > 1).map(str::to_owned));
            }
        }
    }

    #[test]
    fn every_set_of_rights_that_a_job_asks_for_is_needed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/jobs");
        let own = std::fs::read_to_string(root.join("needs.rs")).expect("this file");
        let mut found = Vec::new();
        asked_for(&root, &mut found);
        assert!(found.len() > 10, "{found:?}");
        for name in found {
            assert!(own.contains(&format!("Access::{name}")), "a job asks for Access::{name}: name it in needs.rs");
        }
    }
}
