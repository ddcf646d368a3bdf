//! Whether a team has a deploy key that can be exchanged, and which.

use serde::{Deserialize, Serialize};

use crate::cluster::ObjectRef;
use crate::config::{AccessMode, ClusterConfig};
use crate::jobs::register_deploy_key::first_fetch::source_of;
use crate::jobs::register_deploy_key::register::{Wanted, is_read_only};
use crate::jobs::register_deploy_key::secret_name;
use crate::jobs::{Context, JobError, admin, key_owner, teams};
use crate::names::{Engine, RepositoryName, TeamName};
use crate::report::comment::Rotation;
use crate::schema::nearest_name;
use crate::tenancy::{RepositoryIndex, Team};

/// A team whose key can be exchanged.
pub(in crate::jobs) struct Subject {
    team: Team,
    index: RepositoryIndex,
    pub(super) place: Place,
}

/// Where its key is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Place {
    /// Where the public half is registered.
    pub(super) repository: RepositoryName,
    /// The Secret with the private half.
    pub(super) secret: ObjectRef,
    /// What fetches with it.
    pub(super) source: ObjectRef,
}

impl Subject {
    /// The same for the registration of its key.
    pub(super) const fn wanted<'a>(&'a self, cluster: &'a ClusterConfig) -> Wanted<'a> {
        Wanted { cluster, team: &self.team, index: &self.index, repository: &self.place.repository }
    }

    /// The words that people read.
    pub(in crate::jobs) fn told<T>(&self, cluster: &ClusterConfig, words: impl FnOnce(&Rotation<'_>) -> T) -> T {
        self.place.told((cluster, &self.team.name), words)
    }
}

impl Place {
    /// The words that people read.
    pub(super) fn told<T>(
        &self,
        (cluster, team): (&ClusterConfig, &TeamName),
        words: impl FnOnce(&Rotation<'_>) -> T,
    ) -> T {
        words(&Rotation {
            team,
            cluster: &cluster.name,
            repository: &self.repository,
            secret: &self.secret.to_string(),
            source: &self.source.to_string(),
            read_only: is_read_only(cluster),
        })
    }
}

/// Looks whether the team has a key that can be exchanged; the inner error says why not, as words that follow a colon.
///
/// # Errors
/// The admin repositories cannot be read now.
pub(in crate::jobs) async fn subject(
    context: &Context,
    cluster: &ClusterConfig,
    name: &TeamName,
) -> Result<Result<Subject, String>, JobError> {
    let index = admin::tip(context, cluster).await?.index;
    let Some(team) = index.team(name.as_str()) else { return Ok(Err(unknown(&index, cluster, name))) };
    if let Some(obstacle) = obstacle(cluster, &team) {
        return Ok(Err(obstacle));
    }
    if context.cluster(&cluster.name).is_none() {
        let problem =
            "is not reached (`kubeconfig` in the configuration), and the key's private half is in a Secret there";
        return Ok(Err(format!("the cluster {} {problem}", cluster.name)));
    }
    let Some(source) = source_of(&team) else {
        return Ok(Err(format!("{name} has no GitRepository: nothing fetches with a key")));
    };
    let repository = team.repository.clone().unwrap_or_else(|| cluster.team_repository.for_team(name));
    if let Some(objection) = key_owner::objection(context, cluster, (&index, &team), &repository).await? {
        return Ok(Err(objection));
    }
    let secret = ObjectRef { namespace: teams::source_namespace(&team), name: secret_name(&team)? };
    Ok(Ok(Subject { team, index, place: Place { repository, secret, source } }))
}

/// What of the configuration and of the team's own files leaves no key to exchange.
fn obstacle(cluster: &ClusterConfig, team: &Team) -> Option<String> {
    let name = &team.name;
    if team.engine == Engine::FluxV1 || cluster.engine == Some(Engine::FluxV1) {
        return Some(format!(
            "{name} is run by Flux v1, which makes its key by itself; `fluxctl identity --regenerate` makes another, which is \
             then added to the repository by hand, with write access"
        ));
    }
    match cluster.git_access.mode {
        AccessMode::DeployKey if teams::wants_key(cluster, team) => None,
        AccessMode::DeployKey => {
            Some(format!("the Git URL of {name} does not begin with `ssh://`: Flux fetches without a deploy key"))
        }
        AccessMode::GithubApp => Some(format!(
            "in {} Flux fetches as a GitHub App (`git_access.mode: github-app`): there are no deploy keys; a new private key \
             is made on that App's page",
            cluster.name
        )),
        AccessMode::None => Some(format!("I look after no deploy keys in {} (`git_access.mode: none`)", cluster.name)),
    }
}

/// There is no such team; one that may have been meant is named.
fn unknown(index: &RepositoryIndex, cluster: &ClusterConfig, name: &TeamName) -> String {
    let teams: Vec<String> = index.teams().map(|team| team.name.to_string()).collect();
    let near = nearest_name(name.as_str(), teams.iter().map(String::as_str));
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("there is no team {name} in {}{near}", cluster.name)
}

#[cfg(test)]
mod tests {
    use super::obstacle;
    use crate::config::{self, testing::AnySecret};
    use crate::names::Engine;
    use crate::tenancy::{Team, TeamSource};

    fn team(engine: Engine, url: &str) -> Team {
        let source = TeamSource {
            kind: "GitRepository",
            name: "team1".to_owned(),
            namespace: "team1".parse().expect("a name"),
            url: url.to_owned(),
            branch: None,
            secret_name: None,
            file: "cluster/team1/sync.yaml".parse().expect("a path"),
            line: 1,
        };
        Team {
            name: "team1".parse().expect("a team"),
            directory: "cluster/team1".parse().expect("a path"),
            namespaces: Vec::new(),
            repository: None,
            engine,
            source: Some(source),
            sync: None,
            paths: Vec::new(),
        }
    }

    #[test]
    fn what_leaves_no_key_to_exchange_is_told_with_what_to_do() {
        let ssh = "ssh://git@github.com/org/dev-team1";
        for (mode, engine, url, said) in [
            ("deploy-key", Engine::FluxV2, ssh, None),
            ("deploy-key", Engine::FluxV1, ssh, Some("`fluxctl identity --regenerate`")),
            ("deploy-key", Engine::FluxV2, "https://github.com/org/dev-team1", Some("does not begin with `ssh://`")),
            ("github-app", Engine::FluxV2, ssh, Some("on that App's page")),
            ("none", Engine::FluxV2, ssh, Some("`git_access.mode: none`")),
        ] {
            let text = format!(
                "database: sqlite://b.db\ngithub: {{app_id: 1, private_key: {{file: key.pem}}, webhook_secrets: [{{env: S}}]}}\n\
                 clusters:\n  - {{name: dev, admin_repository: org/dev, team_repository: \"org/dev-{{team}}\", \
                 git_access: {{mode: {mode}}}}}\n"
            );
            let config = config::parse(&text, "b.yaml", &AnySecret).expect("a configuration");
            let obstacle = obstacle(&config.clusters[0], &team(engine, url));
            match said {
                None => assert_eq!(obstacle, None),
                Some(said) => assert!(obstacle.as_ref().is_some_and(|text| text.contains(said)), "{obstacle:?}"),
            }
        }
    }
}
