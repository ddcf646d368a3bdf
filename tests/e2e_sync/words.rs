//! More of the domain's words: merges on their way into the cluster.

use std::collections::BTreeMap;

use bailiwick::jobs::{Refresh, RegisterDeployKey, Task as _};
use bailiwick::names::IssueNumber;
use bailiwick::sandbox::github::LoggedRequest;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::{ADMIN, ALICE, Page, TestWorld, tidy};

/// The list of `cluster/common` with one more entry.
pub(crate) fn listing(entry: &str) -> String {
    format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - roles.yaml\n  - {entry}\n"
    )
}

/// A role that harms nobody.
pub(crate) const VIEWER: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: viewer\n\
                                 rules:\n  - apiGroups: [\"\"]\n    resources: [nodes]\n    verbs: [get]\n";

/// A comment without its marker, commits and seconds.
pub(crate) fn told(body: &str) -> String {
    let text = tidy(body);
    let lines = text.lines().filter(|line| !line.starts_with("<!--"));
    lines.map(without_seconds).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// `fetched 3 s` becomes `fetched [n] s`.
fn without_seconds(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let shown = words.iter().enumerate().map(|(at, word)| {
        let unit = words.get(at + 1).is_some_and(|next| *next == "s" || next.starts_with("s,"));
        if unit && is_number(word) { "[n]" } else { word }
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// The requests by method and route, with their numbers, sorted. Edits of comments have no number: how
/// many steps of a sync are seen on the way depends on the moment. Whether the forge is asked for the
/// pull request of a commit depends on which event of the merge comes first: it is left out.
pub(crate) fn routes(log: &[LoggedRequest]) -> String {
    let edits = log.iter().filter(|request| request.method == "PATCH" && request.path.contains("/issues/comments/"));
    assert!(edits.count() <= 10, "one edit per step and comment at most: {log:#?}");
    let mut counted: BTreeMap<String, u32> = BTreeMap::new();
    for request in log.iter().filter(|request| !request.path.contains("/commits/")) {
        let path: Vec<&str> = request
            .path
            .split('/')
            .map(|part| if part.parse::<u64>().is_ok() || part.len() == 40 { "*" } else { part })
            .collect();
        *counted.entry(format!("{} {}", request.method, path.join("/"))).or_default() += 1;
    }
    let shown = |(route, count): (&String, &u32)| match route.starts_with("PATCH") {
        true => route.clone(),
        false => format!("{count} × {route}"),
    };
    counted.iter().map(shown).collect::<Vec<_>>().join("\n")
}

impl TestWorld {
    /// Opens a pull request of Alice's in the admin repository and waits for its green check.
    pub(crate) async fn propose(&self, branch: &str, files: &[(&str, &str)]) -> Page {
        let pull = self.open(ALICE, (ADMIN, branch), files).await;
        self.expect_check(&pull, "success").await;
        pull
    }

    /// A harmless change of that name.
    pub(crate) async fn propose_words(&self, name: &str) -> Page {
        self.propose(name, &[(&format!("docs/{name}.md"), "Words.\n")]).await
    }

    /// Merges without waiting for a check: the repository is not protected any more.
    pub(crate) async fn merge_unchecked(&self, branch: &str, files: &[(&str, &str)]) -> (Page, String) {
        self.github().protect(ADMIN, &[]).expect("the repository is there");
        let pull = self.open(ALICE, (ADMIN, branch), files).await;
        let commit = self.merge(ALICE, &pull).await;
        (pull, commit)
    }

    /// Waits for the comment on a merge to hold `text`; gives what people read.
    pub(crate) async fn expect_report(&self, pull: &Page, text: &str) -> String {
        let comment = self.expect_comment(pull, text).await;
        self.quiet().await;
        let reports = self.bot_comments(pull);
        let of_sync = reports.iter().filter(|it| it.body.contains("<!-- bailiwick:sync/")).count();
        assert_eq!(of_sync, 1, "one merge, one comment: {reports:#?}");
        let now = self.expect_comment(pull, text).await;
        assert_eq!(now.id, comment.id);
        told(&now.body)
    }

    /// The states of the deployment of a commit, oldest first; none where there is no deployment. That a
    /// newer deployment took its place is said by the forge itself and left out.
    pub(crate) fn deployed(&self, commit: &str) -> Vec<String> {
        let states = self.statuses(commit).into_iter().map(|(state, _)| state);
        states.filter(|state| state != "inactive").collect()
    }

    /// State and description of each status of the one deployment of a commit.
    pub(crate) fn statuses(&self, commit: &str) -> Vec<(String, String)> {
        let mut all = self.github().deployments(ADMIN);
        all.retain(|deployment| deployment.sha == commit);
        assert!(all.len() <= 1, "one commit, one deployment: {all:#?}");
        all.pop().map(|deployment| deployment.statuses).unwrap_or_default()
    }

    /// Waits until the deployment of a commit has come to that state.
    pub(crate) async fn expect_deployed(&self, commit: &str, state: &str) {
        let come = |world: &Self| world.deployed(commit).last().is_some_and(|last| last == state).then_some(());
        self.until(&format!("the deployment of {commit} to be a {state}"), come).await;
    }

    /// Lets the server look for what webhooks missed, and waits until it has repaired it.
    pub(crate) async fn refresh(&self) {
        let job = Refresh::new("dev".parse().expect("a name")).to_job();
        self.context().store.enqueue(&[job]).await.expect("the store answers");
        self.quiet().await;
    }

    /// Lets the server look after a team's key.
    pub(crate) async fn look_after_key(&self, team: &str, pull: Option<&Page>) {
        let (cluster, team) = ("dev".parse().expect("a name"), team.parse().expect("a name"));
        let job = RegisterDeployKey::new(cluster, team, pull.map(|pull| IssueNumber::new(pull.number))).to_job();
        self.context().store.enqueue(&[job]).await.expect("the store answers");
    }

    /// Alice asks for team2 and waits for the green pull request.
    pub(crate) async fn ask_for_team2(&self) -> Page {
        let comment = self.comment(ALICE, &Page::requests(), "/create-team team2");
        self.expect_answer(comment).await;
        let (pull, _) = self.expect_pull_request("bailiwick/create-team/team2").await;
        self.expect_check(&pull, "success").await;
        pull
    }

    /// The files below a folder of the admin repository, at `main`.
    pub(crate) async fn files_below(&self, folder: &str) -> Vec<String> {
        let path = self.github().repository_path(ADMIN).expect("it is there");
        let mut git = tokio::process::Command::new("git");
        let listed = git.args(["ls-tree", "-r", "--name-only", "main", folder]).current_dir(path).output().await;
        let listed = String::from_utf8(listed.expect("git runs").stdout).expect("text");
        listed.lines().map(str::to_owned).collect()
    }

    /// A request to the forge's API as a person; gives the answer.
    pub(crate) async fn api(&self, user: &str, (method, path): (http::Method, &str), body: &Value) -> Value {
        let token = self.github().user_token(user).expect("there is this user");
        let client = reqwest::Client::builder().build().expect("a client");
        let request = client.request(method, format!("{}{path}", self.github().api_url())).json(body);
        let answer =
            request.bearer_auth(token.expose_secret()).header("User-Agent", user).send().await.expect("it answers");
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap_or_default();
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// Merges a pull request as one commit; gives that commit.
    pub(crate) async fn squash(&self, user: &str, pull: &Page) -> String {
        let path = format!("/repos/{}/pulls/{}/merge", pull.repository, pull.number);
        let merged = self.api(user, (http::Method::PUT, &path), &json!({"merge_method": "squash"})).await;
        merged["sha"].as_str().expect("a commit").to_owned()
    }

    /// Moves `main` to the tip of another branch, as `git push` does; gives the commit.
    pub(crate) async fn fast_forward(&self, user: &str, repository: &str, branch: &str) -> String {
        let tip = self.github().branch_tip(repository, branch).await.expect("there is this branch");
        let path = format!("/repos/{repository}/git/refs/heads/main");
        self.api(user, (http::Method::PATCH, &path), &json!({"sha": tip})).await;
        tip
    }

    /// Changes the spec of the source that `flux bootstrap` made.
    pub(crate) fn change_source(&self, spec: &Value) {
        let mut object = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": "flux-system", "namespace": "flux-system"},
            "spec": {"url": format!("ssh://git@127.0.0.1/{ADMIN}"), "interval": "1m", "ref": {"branch": "main"},
                     "secretRef": {"name": "flux-system"}}});
        merge_into(&mut object["spec"], spec);
        self.world.apply(object).expect("the cluster takes it");
    }

    /// Changes the spec of the Kustomization that `flux bootstrap` made.
    pub(crate) fn change_kustomization(&self, spec: &Value) {
        let mut object = json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": "flux-system", "namespace": "flux-system"},
            "spec": {"interval": "10m", "path": "./cluster", "prune": true,
                     "sourceRef": {"kind": "GitRepository", "name": "flux-system"}}});
        merge_into(&mut object["spec"], spec);
        self.world.apply(object).expect("the cluster takes it");
    }

    /// Whether Flux's last fetch of team1's repository succeeded.
    pub(crate) fn team1_is_fetched(&self) -> bool {
        let source = self.world.cluster.get("GitRepository", "team1", "team1");
        let conditions = source.and_then(|source| source["status"]["conditions"].as_array().cloned());
        conditions.into_iter().flatten().any(|it| it["type"] == "Ready" && it["status"] == "True")
    }

    /// Starts the server again after `change` of how it is set up.
    pub(crate) async fn restart_with(&mut self, change: impl FnOnce(&mut bailiwick::cli::demo::world::World) + Send) {
        self.stop_server().await;
        change(&mut self.world);
        self.start_server().await;
        self.quiet().await;
    }
}

fn merge_into(object: &mut Value, fields: &Value) {
    for (key, value) in fields.as_object().into_iter().flatten() {
        object[key] = value.clone();
    }
}
