//! How far the exchange of a deploy key is.

use super::KeyState;
use crate::names::{ClusterName, IssueNumber, RepositoryName, TeamName};
use crate::report::markdown;

/// What is exchanged, and where.
#[derive(Debug, Clone, Copy)]
pub struct Rotation<'a> {
    /// The team.
    pub team: &'a TeamName,
    /// The cluster whose Flux fetches.
    pub cluster: &'a ClusterName,
    /// The team's repository.
    pub repository: &'a RepositoryName,
    /// The Secret with the private half: `team1/flux-git-auth`.
    pub secret: &'a str,
    /// The GitRepository that fetches with it.
    pub source: &'a str,
    /// Whether the key may only read.
    pub read_only: bool,
}

/// The steps, in their order. Each finds again what a run before it has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RotationStep {
    /// A new pair is put beside the old one.
    #[default]
    Prepare,
    /// Its public half is registered.
    Register,
    /// It takes the old one's place.
    Switch,
    /// Flux fetches with it.
    Fetch,
    /// The old key goes.
    Remove,
}

impl RotationStep {
    const ALL: [Self; 5] = [Self::Prepare, Self::Register, Self::Switch, Self::Fetch, Self::Remove];
}

impl Rotation<'_> {
    /// What is done in each step, for people; what stands between two backticks is code.
    pub fn steps(&self) -> Vec<String> {
        RotationStep::ALL.into_iter().map(|step| self.words(step)).collect()
    }

    fn words(&self, step: RotationStep) -> String {
        let Self { repository, secret, source, read_only, .. } = self;
        let access = if *read_only { "read-only" } else { "with write access" };
        match step {
            RotationStep::Prepare => {
                format!("make a new key pair, in the Secret `{secret}` beside the old one, as `identity.next`")
            }
            RotationStep::Register => format!("register its public half on `{repository}`, {access}"),
            RotationStep::Switch => "switch the Secret to it; the old pair stays there as `identity.old`".to_owned(),
            RotationStep::Fetch => format!("let Flux fetch with it (GitRepository `{source}`)"),
            RotationStep::Remove => format!("remove the old key from `{repository}` and from the Secret"),
        }
    }

    /// The steps with their marks: those before `at` are done, and it has `mark` and a note.
    fn list(&self, at: Option<RotationStep>, mark: &str, note: Option<&str>) -> String {
        let line = |(number, step): (usize, RotationStep)| {
            let mark = match at {
                Some(at) if step == at => mark,
                Some(at) if step > at => "▫️",
                _ => "✅",
            };
            let note = note.filter(|_| at.unwrap_or(RotationStep::Fetch) == step);
            let note = note.map_or_else(String::new, |note| format!(": {}", markdown::prose(note)));
            format!("{number}. {mark} {}{note}\n", markdown::prose(&self.words(step)))
        };
        (1..).zip(RotationStep::ALL).map(line).collect()
    }

    /// Where everything is when a step does not succeed.
    fn standing(&self, at: RotationStep) -> String {
        let Self { repository, .. } = self;
        match at {
            RotationStep::Prepare => "Nothing was changed.".to_owned(),
            RotationStep::Register => {
                "Flux fetches with the old key as before. If there is a new pair in the Secret, as \
                                       `identity.next`, nothing uses it."
                    .to_owned()
            }
            RotationStep::Switch => {
                format!("The new key is registered on `{repository}` beside the old one, and nothing uses it.")
            }
            RotationStep::Fetch => format!(
                "Both keys are registered on `{repository}`. The Secret has the new pair as `identity` and the old one as \
                 `identity.old`; whoever wants to go back puts the values of `identity.old` and `identity.old.pub` in the \
                 place of those of `identity` and `identity.pub`."
            ),
            RotationStep::Remove => format!(
                "Flux fetches with the new key. The old one may still be registered on `{repository}`, and may still \
                 be in the Secret as `identity.old`."
            ),
        }
    }

    fn command(&self) -> String {
        format!("/rotate-key {} {}", self.team, self.cluster)
    }
}

/// `--plan`: what would be done.
pub fn rotation_plan(rotation: &Rotation<'_>) -> String {
    let steps: String =
        (1..).zip(rotation.steps()).map(|(number, step)| format!("{number}. {}\n", markdown::prose(&step))).collect();
    format!("`{}` would do this. Nothing was done.\n\n{steps}", rotation.command())
}

/// It is on its way: at this step, of which there may be something to say.
pub fn rotation_running(rotation: &Rotation<'_>, at: RotationStep, note: Option<&str>) -> String {
    let Rotation { team, cluster, .. } = rotation;
    format!("**{team}** gets a new deploy key in {cluster}.\n\n{}", rotation.list(Some(at), "⏳", note))
}

/// It is done; Flux has fetched this.
pub fn rotation_done(rotation: &Rotation<'_>, revision: &str) -> String {
    let Rotation { team, cluster, .. } = rotation;
    let note = format!("it has fetched `{revision}`");
    format!("✅ **{team}** has a new deploy key in {cluster}.\n\n{}", rotation.list(None, "", Some(&note)))
}

/// It has stopped at this step.
pub fn rotation_stopped(rotation: &Rotation<'_>, at: RotationStep, problem: &str) -> String {
    let Rotation { team, cluster, .. } = rotation;
    let again = match at {
        RotationStep::Prepare => "it begins anew",
        _ => "it goes on with this pair and makes no other",
    };
    format!(
        "❌ The exchange of **{team}**'s deploy key in {cluster} has stopped.\n\n{}\n{}\n\nMend that, then write `{}` again in a \
         new comment: {again}.",
        rotation.list(Some(at), "❌", Some(problem)),
        rotation.standing(at),
        rotation.command(),
    )
}

/// It cannot be begun.
pub fn rotation_refused(reason: &str) -> String {
    let end = if reason.ends_with('?') { "" } else { "." };
    format!("I cannot give this team a new deploy key: {}{end}\n\nNothing was done.", markdown::prose(reason))
}

/// One is on its way already.
pub fn rotation_on_its_way(team: &TeamName, cluster: &ClusterName, told: Option<IssueNumber>) -> String {
    let place = match told {
        Some(issue) => format!("the answer to that command, in #{issue}, says how far it is"),
        None => "it was asked for at the command line; `bailiwick jobs list --kind rotate_key` says how far it is"
            .to_owned(),
    };
    format!("**{team}** is getting a new deploy key in {cluster} already: {place}.\n\nNothing more was done.")
}

/// It was begun by one of several commands, and has a comment of its own.
pub fn rotation_elsewhere(team: &TeamName, cluster: &ClusterName) -> String {
    format!("**{team}** gets a new deploy key in {cluster}; a comment of its own says how far it is.")
}

/// Why a key could not be registered or removed, for the line of its step.
pub fn key_problem(state: &KeyState, repository: &RepositoryName) -> String {
    match state {
        KeyState::NoAdminRight => format!(
            "`{repository}` does not exist, or the App is not installed on it or lacks the permission `Administration: write`"
        ),
        KeyState::DisabledByOrganisation => format!(
            "the organisation of `{repository}` forbids deploy keys; an owner can allow them under Settings → Deploy keys"
        ),
        KeyState::InUseElsewhere => {
            "GitHub says that the new key is in use on another repository; take `identity.next` and \
                                     `identity.next.pub` out of the Secret, and I make another pair"
                .to_owned()
        }
        KeyState::NotTheTeams(problem) => format!("{problem}; correct `spec.url` of the team's GitRepository"),
        KeyState::Unfetched { problem, .. } | KeyState::ForeignSecret(problem) | KeyState::Failed(problem) => {
            problem.trim_end_matches('.').to_owned()
        }
        KeyState::WaitingForNamespace | KeyState::Registered { .. } | KeyState::Fetched { .. } | KeyState::TeamGone => {
            "it is not as it should be".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Rotation, RotationStep, rotation_refused, rotation_running, rotation_stopped};

    #[test]
    fn each_step_says_what_stands_where_and_words_of_others_do_nothing() {
        let (team, cluster) = ("team1".parse().expect("a team"), "dev".parse().expect("a name"));
        let repository = "org/dev-team1".parse().expect("a repository");
        let rotation = Rotation {
            team: &team,
            cluster: &cluster,
            repository: &repository,
            secret: "team1/flux-git-auth",
            source: "team1/team1",
            read_only: true,
        };
        let told: Vec<String> =
            RotationStep::ALL.map(|step| rotation_stopped(&rotation, step, "@org/admins <b>said</b> #1")).into();
        assert!(told.iter().all(|text| !text.contains("@org") && !text.contains("<b>") && !text.contains(" #1")));
        let endings: Vec<&str> = told.iter().filter_map(|text| text.split("\n\n").nth(2)).collect();
        insta::assert_snapshot!(endings.join("\n"));
        let running = rotation_running(&rotation, RotationStep::Fetch, Some("Flux says no"));
        assert_eq!(running.matches('✅').count(), 3, "{running}");
        assert!(running.contains("4. ⏳ let Flux fetch with it") && running.contains(": Flux says no"), "{running}");
        assert!(rotation_refused("there is no team `x`").contains("there is no team `x`."));
    }
}
