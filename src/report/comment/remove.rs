//! Words about teams that leave.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::config::{AccessMode, ClusterConfig};
use crate::names::{Engine, IssueNumber, RepositoryName, TeamName};
use crate::report::{count, markdown};
use crate::scaffold::FileChange;
use crate::scaffold::remove::{Removal, Told};
use crate::tenancy::ObjectId;

/// So many files are named in a pull request's body, and so many kinds of objects, and objects of a kind.
const MOST_FILES: usize = 100;
const MOST_KINDS: usize = 40;
const MOST_NAMES: usize = 15;
const MOST_WARNINGS: usize = 30;

/// Which of the two pull requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemovalStep {
    /// Flux stops.
    First,
    /// Everything else.
    Second,
}

impl RemovalStep {
    /// `first` or `second`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }
}

/// What the body of a step tells of.
#[derive(Debug)]
pub struct Leaving<'a> {
    /// The plan.
    pub removal: &'a Removal,
    /// Which step.
    pub step: RemovalStep,
    /// The cluster, and the others that are run from the same repository.
    pub clusters: (&'a ClusterConfig, &'a [&'a ClusterConfig]),
    /// Where it was asked for.
    pub requested_in: IssueNumber,
    /// The objects in the team's own repository, where it could be read.
    pub own: Option<&'a [ObjectId]>,
    /// Whether the first step is known to be applied, or is this one.
    pub proven: bool,
}

/// What became of a team's deploy keys.
#[derive(Debug)]
pub enum KeysGone {
    /// Only the plan was asked for.
    Planned,
    /// So many were removed.
    Removed(usize),
    /// The App may not see or change them.
    NoRight,
    /// None of them was registered by the bot in this cluster.
    NotOurs,
    /// The repository is now this team's.
    OfTeam(TeamName),
}

/// The title of a step's pull request.
pub fn remove_team_title(team: &TeamName, step: RemovalStep) -> String {
    match step {
        RemovalStep::First => format!("Remove team {team}, first step: Flux stops"),
        RemovalStep::Second => format!("Remove team {team}, second step: everything else"),
    }
}

/// The request cannot be carried out as it is.
pub fn remove_team_refused(reason: &str) -> String {
    format!("I cannot remove this team: {}\n\nNothing was done.", markdown::prose(reason))
}

/// `--plan`: both steps.
pub fn remove_team_plan(team: &TeamName, plan: &str) -> String {
    format!(
        "`/remove-team {team}` would take the team away in two pull requests. Nothing was done.\n\n{}",
        markdown::block(&markdown::cut(plan, 60_000), "")
    )
}

/// The pull request of a step is open.
pub fn remove_team_opened(removal: &Removal, step: RemovalStep, pull: IssueNumber, updated: bool) -> String {
    let team = &removal.team;
    let verb = if updated { "is open already and now up to date" } else { "is open" };
    match step {
        RemovalStep::First => format!(
            "Pull request #{pull} {verb}: the first of two steps by which **{team}** leaves. It says what will be lost: read \
             that before you merge it.\n\nWhat happens next:\n\n\
             1. The cluster applies it; I follow that and report in #{pull}.\n\
             2. Write `/remove-team {team}` again: once it is proven applied, I open the second pull request."
        ),
        RemovalStep::Second => format!(
            "Pull request #{pull} {verb}: the second step, with everything that is left of **{team}**.\n\nAfter the merge write \
             `/remove-team {team}` once more: then comes what is left outside of this repository, such as its deploy key."
        ),
    }
}

/// The first step is not known to be applied.
pub fn remove_team_unproven(removal: &Removal, merged: Option<&IssueNumber>, missing: &str) -> String {
    let team = &removal.team;
    let pull = merged.map_or_else(String::new, |pull| format!(" (#{pull})"));
    let look = match removal.engine {
        Engine::FluxV2 => format!("`kubectl get kustomizations.kustomize.toolkit.fluxcd.io -A` lists none of {team}"),
        Engine::FluxV1 => {
            format!("`kubectl -n {team} get deployment flux` finds nothing; delete it where it is still there")
        }
    };
    format!(
        "The first step{pull} is done in Git, but nothing proves that the cluster has applied it: {}.\n\nWithout that, the \
         account goes before Flux has pruned with it, and what Flux has applied stays behind. Wait and write `/remove-team {team}` \
         again; or look yourself ({look}) and write `/remove-team {team} --without-proof`.\n\nNothing was done.",
        markdown::prose(missing)
    )
}

/// Both steps are merged.
pub fn remove_team_over(team: &TeamName, repository: &RepositoryName, keys: &KeysGone) -> String {
    let keys = match keys {
        KeysGone::Planned => "`/remove-team` would remove its deploy key there.".to_owned(),
        KeysGone::Removed(0) => "There is no deploy key of mine on it any more.".to_owned(),
        KeysGone::Removed(1) => "I have removed its deploy key there.".to_owned(),
        KeysGone::Removed(number) => format!("I have removed its {number} deploy keys there."),
        KeysGone::NoRight => {
            "I cannot see or change its deploy keys: remove the one of this cluster in its settings.".to_owned()
        }
        KeysGone::NotOurs => "Its deploy keys are none of mine: look in its settings which of them can go.".to_owned(),
        KeysGone::OfTeam(other) => format!("It is now the repository of {other}, so its deploy keys stay as they are."),
    };
    format!(
        "**{team}** has left: nothing of it is here.\n\n- `{repository}`: {keys} The repository itself \
         stays as it is; archive or delete it where nobody needs it any more.\n- Secrets that somebody has put elsewhere for the \
         team, such as tokens at other services, are not known to me."
    )
}

/// What to do instead of renaming.
pub fn rename_team(old: &TeamName, new: &TeamName) -> String {
    format!(
        "A team cannot be renamed: its name is that of its namespace, which Kubernetes does not rename, and everything in it would \
         be made anew. Nothing was done. Instead:\n\n\
         1. `/create-team {new}` makes the new team, in a repository of its own.\n\
         2. The team moves: its manifests into the new repository, with `{new}` where they name the namespace; its data by backup \
         and restore, as volumes do not change their namespace.\n\
         3. `/remove-team {old}` takes the old one away once nobody needs it; `/remove-team {old} --plan` shows before what will be \
         lost."
    )
}

/// The body of a step's pull request.
pub fn remove_team_body(leaving: &Leaving<'_>) -> String {
    let Leaving { removal, step, clusters: (cluster, others), requested_in, .. } = leaving;
    let (team, count) = (&removal.team, if *step == RemovalStep::First { "first" } else { "second" });
    let mut text = format!(
        "**{team}** leaves {}, asked for in #{requested_in}. This is the {count} of two steps.\n\n",
        cluster.name
    );
    text.push_str(&others_need_their_own(team, others));
    text.push_str(&table(removal));
    match step {
        RemovalStep::First => first(&mut text, leaving),
        RemovalStep::Second => second(&mut text, leaving),
    }
    text
}

fn table(removal: &Removal) -> String {
    let namespaces: Vec<String> = removal.namespaces.iter().map(|name| markdown::code(name)).collect();
    let namespaces = if namespaces.is_empty() { "none of its own".to_owned() } else { namespaces.join(", ") };
    let repository = removal.repository.as_ref().map_or_else(|| "not known".to_owned(), |name| format!("`{name}`"));
    format!("| | |\n|---|---|\n| Namespace | {namespaces} |\n| Repository | {repository} |\n\n")
}

fn first(text: &mut String, leaving: &Leaving<'_>) {
    let Removal { team, engine, told, second, .. } = leaving.removal;
    text.push_str("### What this does\n\n");
    text.push_str(match engine {
        Engine::FluxV2 => {
            "Flux stops applying the team's repository and deletes what it has applied, with the rights that it still has. \
             Namespace, rights and quota stay until the second step: without them Flux could not delete anything, and all of it \
             would stay behind.\n\n"
        }
        Engine::FluxV1 => {
            "The team's own Flux goes. What it has applied stays until the namespace goes, after the second step.\n\n"
        }
    });
    text.push_str(&by_hand(leaving, RemovalStep::First));
    text.push_str(&lost(leaving));
    text.push_str(&warnings(told));
    text.push_str(&changed("### Files\n\n", &leaving.removal.first.files));
    let rest = count(second.files.len(), "file");
    write!(
        text,
        "### After the merge\n\nThe cluster applies this; I follow that and report it here. Then write `/remove-team {team}` again: \
         once it is proven applied, I open the second pull request, which changes {rest}: namespace, rights, quota, and what \
         names the team elsewhere.\n\nTo keep the team, close this pull request."
    )
    .expect("writing to a String cannot fail");
}

fn second(text: &mut String, leaving: &Leaving<'_>) {
    let Removal { team, notes, repository, told, .. } = leaving.removal;
    if !leaving.proven {
        text.push_str(
            "⚠️ Nothing proves that the first step is applied: it was asked for with `--without-proof`. What Flux has not pruned by \
             now stays behind, outside of the namespace for good.\n\n",
        );
    }
    text.push_str("### What this does\n\nThe namespace goes with everything in it, volumes too, and so does what names the team.\n\n");
    text.push_str(&by_hand(leaving, RemovalStep::Second));
    text.push_str(&warnings(told));
    text.push_str(&changed("### Files\n\n", &leaving.removal.second.files));
    if !notes.is_empty() {
        text.push_str("### To look at\n\n");
        notes.iter().for_each(|note| text.push_str(&format!("- {}.\n", markdown::prose(note))));
        text.push('\n');
    }
    let repository = repository.as_ref().map_or_else(|| "its repository".to_owned(), |name| format!("`{name}`"));
    let (cluster, _) = leaving.clusters;
    let ours = cluster.git_access.mode == AccessMode::DeployKey && leaving.removal.engine == Engine::FluxV2;
    let key = match ours {
        true => {
            format!("Write `/remove-team {team}` once more: then I remove the team's deploy key from {repository}.")
        }
        false => format!("Deploy keys of {repository} are none of mine: remove by hand those that nobody needs."),
    };
    write!(
        text,
        "### After the merge\n\n{key} The repository itself stays as it is; archive it by hand where nobody needs it. Secrets for \
         the team at other services are not known to me."
    )
    .expect("writing to a String cannot fail");
}

/// What Flux leaves in the cluster.
fn by_hand(leaving: &Leaving<'_>, step: RemovalStep) -> String {
    let Removal { team, namespaces, collected, told, .. } = leaving.removal;
    if *collected {
        return String::new();
    }
    let mut lines = Vec::new();
    match step {
        RemovalStep::First => lines.push(format!("kubectl -n {team} delete deployment flux")),
        RemovalStep::Second => {
            let whole = told.lost.iter().filter(|lost| lost.id.namespace.is_none() && lost.id.kind != "Namespace");
            let named = whole.filter(|lost| is_word(&lost.id.kind) && is_word(&lost.id.name));
            lines.extend(named.map(|lost| format!("kubectl delete {} {}", lost.id.kind.to_lowercase(), lost.id.name)));
            lines.extend(
                namespaces.iter().filter(|name| is_word(name)).map(|name| format!("kubectl delete namespace {name}")),
            );
        }
    }
    let commands = markdown::block(&lines.join("\n"), "");
    format!(
        "Flux v1 deletes nothing by itself here (`--sync-garbage-collection` is not set). After the merge:\n\n{commands}\n\n"
    )
}

/// Whether a word may stand in a command line.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte))
        && !text.starts_with('-')
}

/// What both steps together take away.
fn lost(leaving: &Leaving<'_>) -> String {
    let Removal { told, namespaces, .. } = leaving.removal;
    let mut text = String::from("### What will be lost\n\n");
    let data = |id: &ObjectId| matches!(id.kind.as_str(), "PersistentVolumeClaim" | "PersistentVolume");
    let own = leaving.own.unwrap_or_default();
    let claims = told.lost.iter().filter(|lost| lost.data).map(|lost| &lost.id).chain(own.iter().filter(|id| data(id)));
    for id in claims.take(MOST_NAMES) {
        text.push_str(&format!("- ⚠️ **Data**: {} {}\n", markdown::escape(&id.kind), markdown::code(&id.name)));
    }
    text.push_str(&objects("From this repository", told.lost.iter().map(|lost| &lost.id)));
    match leaving.own {
        Some(own) => text.push_str(&objects("From the team's repository", own.iter())),
        None => text.push_str("- What the team's repository holds: I could not read it.\n"),
    }
    let names: Vec<String> =
        namespaces.iter().filter(|name| is_word(name)).map(|name| format!("`kubectl -n {name} get pvc`")).collect();
    let look = if names.is_empty() {
        String::new()
    } else {
        format!(": {} shows volumes that stand in no file", names.join(", "))
    };
    text.push_str(&format!("- What is in the namespace besides goes too. I did not look into the cluster{look}.\n\n"));
    text
}

/// Objects by their kinds, on a line.
fn objects<'o>(title: &str, ids: impl Iterator<Item = &'o ObjectId>) -> String {
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    ids.for_each(|id| kinds.entry(&id.kind).or_default().push(&id.name));
    if kinds.is_empty() {
        return format!("- {title}: nothing.\n");
    }
    let more = kinds.len().saturating_sub(MOST_KINDS);
    let kind = |(kind, names): (&str, Vec<&str>)| {
        let rest = names.len().saturating_sub(MOST_NAMES);
        let names: Vec<String> = names.into_iter().take(MOST_NAMES).map(markdown::code).collect();
        let rest = if rest == 0 { String::new() } else { format!(" and {rest} more") };
        format!("{} {}{rest}", markdown::escape(kind), names.join(", "))
    };
    let shown: Vec<String> = kinds.into_iter().take(MOST_KINDS).map(kind).collect();
    let more = if more == 0 { String::new() } else { format!("; and {more} more kinds") };
    format!("- {title}: {}{more}.\n", shown.join("; "))
}

fn warnings(told: &Told) -> String {
    if told.warnings.is_empty() {
        return String::new();
    }
    let mut text = String::from("### Before the merge\n\n");
    for warning in told.warnings.iter().take(MOST_WARNINGS) {
        let place = markdown::code(&format!("{}:{}", warning.file, warning.line));
        let (what, remedy) = (markdown::prose(&warning.what), markdown::prose(&warning.remedy));
        text.push_str(&format!("- ⚠️ {place}: {what}. To mend it, {remedy}.\n"));
    }
    let more = told.warnings.len().saturating_sub(MOST_WARNINGS);
    if more > 0 {
        text.push_str(&format!("- and {more} more\n"));
    }
    text.push('\n');
    text
}

fn changed(title: &str, files: &[FileChange]) -> String {
    let line = |file: &FileChange| {
        let what = if file.after.is_some() { "changed" } else { "deleted" };
        format!("- {} {what}\n", markdown::code(file.path.as_str()))
    };
    let shown: String = files.iter().take(MOST_FILES).map(line).collect();
    let more = files.len().saturating_sub(MOST_FILES);
    let more = if more == 0 { String::new() } else { format!("- and {more} more\n") };
    format!("{title}{shown}{more}\n")
}

/// A pull request is into one branch and writes below one path: in other clusters of the repository nobody leaves by it.
fn others_need_their_own(team: &TeamName, others: &[&ClusterConfig]) -> String {
    if others.is_empty() {
        return String::new();
    }
    let line = |cluster: &&ClusterConfig| {
        let ClusterConfig { name, branch, path, .. } = cluster;
        format!("- {name}: `bailiwick remove-team {team} --cluster-path {path}` on the branch `{branch}`\n")
    };
    let lines: String = others.iter().map(line).collect();
    format!(
        "Other clusters are run from this repository too, and keep the team. It leaves them in a checkout:\n\n{lines}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::AnySecret;
    use crate::config::{self, Config};
    use crate::scaffold::ChangeSet;
    use crate::scaffold::remove::{Lost, Warning};

    fn config() -> Config {
        let text = "database: sqlite://b.db\ngithub: {app_id: 1, private_key: {file: key.pem}, webhook_secrets: [{env: S}]}\n\
                    clusters:\n  - {name: dev, admin_repository: org/dev, team_repository: \"org/dev-{team}\", engine: flux-v1}\n  \
                    - {name: other, admin_repository: org/dev, team_repository: \"org/dev-{team}\", path: other}\n";
        config::parse(text, "b.yaml", &AnySecret).expect("a configuration")
    }

    fn id(kind: &str, namespace: Option<&str>, name: &str) -> ObjectId {
        let (kind, name) = (kind.to_owned(), name.to_owned());
        ObjectId { group: String::new(), kind, namespace: namespace.map(str::to_owned), name }
    }

    /// A team of Flux v1, with everything that may have to be told, and names that want to be more than that.
    fn removal() -> Removal {
        let file = |path: &str| FileChange { path: path.parse().expect("a path"), before: None, after: None };
        let lost = |id, data| Lost { id, file: "cluster/team3/x.yaml".parse().expect("a path"), data };
        let warning = Warning {
            file: "cluster/team3/x.yaml".parse().expect("a path"),
            line: 3,
            what: "ConfigMap @org/all has finalizers".to_owned(),
            remedy: "see `#1`".to_owned(),
        };
        Removal {
            team: "team3".parse().expect("a team"),
            engine: Engine::FluxV1,
            directories: vec!["cluster/team3".parse().expect("a path")],
            namespaces: vec!["team3".to_owned(), "; rm -rf".to_owned()],
            repository: "org/dev-team3".parse().ok(),
            source: None,
            sync: None,
            first: ChangeSet { files: vec![file("cluster/team3/flux-patch.yaml")] },
            second: ChangeSet { files: vec![file("cluster/team3/rbac.yaml")] },
            told: Told {
                lost: vec![
                    lost(id("PersistentVolumeClaim", Some("team3"), "data"), true),
                    lost(id("ClusterRoleBinding", None, "flux-team3"), false),
                    lost(id("ClusterRole", None, "$(reboot)"), false),
                    lost(id("<b>@x", None, "`x`"), false),
                ],
                warnings: vec![warning],
            },
            notes: vec!["README.md:3 has the word team3 too".to_owned()],
            collected: false,
        }
    }

    #[test]
    fn both_bodies_of_a_team_under_flux_v1() {
        let (config, removal) = (config(), removal());
        let clusters: Vec<&ClusterConfig> = config.clusters.iter().collect();
        let own = [id("PersistentVolumeClaim", None, "@org/all"), id("Deployment", None, "web")];
        let body = |step, proven| {
            remove_team_body(&Leaving {
                removal: &removal,
                step,
                clusters: (clusters[0], &clusters[1..]),
                requested_in: IssueNumber::new(7),
                own: (step == RemovalStep::First).then_some(&own[..]),
                proven,
            })
        };
        insta::assert_snapshot!("first_body", body(RemovalStep::First, true));
        insta::assert_snapshot!("second_body", body(RemovalStep::Second, false));
        let unproven = remove_team_unproven(&removal, Some(&IssueNumber::new(8)), "nobody knows");
        assert!(unproven.contains("(#8)") && unproven.contains("kubectl -n team3 get deployment flux"), "{unproven}");
    }
}
