//! The poorest answers that GitHub's description allows: every field that it does not require is
//! left out, and every one that may be `null` is. The client has to read them all the same.

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bailiwick::clock::{OsEntropy, SystemClock};
use bailiwick::forge::{
    Access, CheckRunUpdate, CheckState, DeploymentState, FileChange, Forge, ForgeError, ForgeSettings, Manners,
    NewCheckRun, NewCommit, NewDeployment, NewDeploymentStatus, NewPull, PullUpdate, Reaction, Repo, Timeouts,
};
use bailiwick::names::{CommentId, IssueNumber, RepositoryName, UserId};
use serde_json::{Map, Value, json};

use crate::description::Description;
use crate::exchanges;
use crate::paths;
use crate::pointer::join;
use crate::probes::World;
use crate::table::Table;

/// What is left of a value that fits the schema at `pointer`.
pub(crate) fn reduced(description: &Description<'_>, pointer: &str, value: &Value) -> Value {
    let Some((pointer, schema)) = description.at(pointer) else { return value.clone() };
    match value {
        Value::Object(fields) if schema["properties"].is_object() => {
            let required: Vec<&str> =
                schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let mut kept = Map::new();
            for (name, inner) in fields.iter().filter(|(name, _)| required.contains(&name.as_str())) {
                let below = join(&join(&pointer, "properties"), name);
                let absent = description.forbidden(&below, &Value::Null).is_empty();
                let inner = if absent { Value::Null } else { reduced(description, &below, inner) };
                kept.insert(name.clone(), inner);
            }
            Value::Object(kept)
        }
        Value::Array(items) if schema.get("items").is_some() => {
            let below = join(&pointer, "items");
            items.iter().map(|item| reduced(description, &below, item)).collect()
        }
        _ => value.clone(),
    }
}

/// An answer of the sandbox on its way to the client, for the thread that knows the description.
struct Passing {
    method: String,
    path: String,
    status: u16,
    body: Value,
    back: tokio::sync::oneshot::Sender<Value>,
}

#[derive(Clone)]
struct Relay {
    sandbox: String,
    client: reqwest::Client,
    passing: tokio::sync::mpsc::UnboundedSender<Passing>,
}

/// Asks the sandbox, and gives on what the description leaves of its answer.
async fn relay(State(relay): State<Relay>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let sent = relay.client.request(parts.method.clone(), format!("{}{asked}", relay.sandbox));
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let answer = sent.headers(parts.headers).body(body).send().await.expect("the sandbox answers");
    let status = answer.status().as_u16();
    let mut response = Response::builder().status(status);
    for name in ["content-type", "link"] {
        if let Some(value) = answer.headers().get(name) {
            response = response.header(name, value);
        }
    }
    let bytes = answer.bytes().await.expect("the sandbox answers");
    let Ok(body) = serde_json::from_slice(&bytes) else { return response.body(Body::from(bytes)).expect("an answer") };
    let (back, poor) = tokio::sync::oneshot::channel();
    let path = parts.uri.path().trim_start_matches("/api/v3").to_owned();
    let passing = Passing { method: parts.method.to_string(), path, status, body, back };
    let body = match relay.passing.send(passing) {
        Ok(()) => poor.await.unwrap_or_default(),
        Err(unsent) => unsent.0.body,
    };
    response.body(Body::from(body.to_string())).expect("an answer")
}

/// Lets the client ask for everything, through the relay.
#[expect(clippy::future_not_send, reason = "it runs on one thread")]
pub(crate) async fn check(description: &Description<'_>, table: &mut Table) -> anyhow::Result<()> {
    let world = World::start().await?;
    let (passing, mut passed) = tokio::sync::mpsc::unbounded_channel();
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
    let relayed = Relay { sandbox: world.github.base_url().to_owned(), client, passing };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let api_url = format!("http://{}/api/v3", listener.local_addr()?);
    let server = axum::serve(listener, Router::new().fallback(relay).with_state(relayed)).into_future();
    let forge = Forge::new(ForgeSettings {
        api_url,
        app_id: 42,
        private_key: world.github.app_private_key(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        timeouts: Timeouts::default(),
        manners: Manners::at_home(),
        recorder: None,
    })?;
    let reduce = async {
        while let Some(Passing { method, path, status, body, back }) = passed.recv().await {
            let poor = reduced_answer(description, (&method, &path), status, &body);
            // Whoever does not wait any more needs no answer.
            let _ = back.send(poor);
        }
    };
    tokio::select! {
        done = ask_for_everything(&world, &forge, table) => done,
        served = server => served.context("the relay stopped"),
        () = reduce => anyhow::bail!("the relay stopped"),
    }
}

fn reduced_answer(description: &Description<'_>, (method, path): (&str, &str), status: u16, body: &Value) -> Value {
    let operation = paths::of_path(description, method, path).map(|path| paths::operation(path, method));
    let schema = operation.and_then(|operation| exchanges::answer_schema(description, &operation, status));
    match schema {
        Some(schema) if status < 300 => reduced(description, &schema, body),
        _ => body.clone(),
    }
}

/// Counts one call; only an answer that could not be read is a violation.
fn note<T>(table: &mut Table, call: &str, result: Result<T, ForgeError>) -> Option<T> {
    let messages = match &result {
        Err(error @ ForgeError::Unexpected { .. }) => vec![error.to_string()],
        _ => Vec::new(),
    };
    table.add(call, messages);
    result.ok()
}

async fn ask_for_everything(world: &World, forge: &Forge, table: &mut Table) -> anyhow::Result<()> {
    let name: RepositoryName = "org/cluster".parse()?;
    let access = Access::PROPOSE.and(Access::REVIEW).and(Access::DEPLOYMENTS).and(Access::KEYS).and(Access::MEMBERS);
    note(table, "identity", forge.identity().await);
    let found = note(table, "find_repo", forge.find_repo(&name, access).await);
    let (repo, _) = found.context("the repository cannot be read from a poor answer")?;
    files_and_pulls(&repo, table).await?;
    words_and_checks(world, &repo, table).await?;
    deployments_keys_and_people(&repo, table).await
}

async fn files_and_pulls(repo: &Repo, table: &mut Table) -> anyhow::Result<()> {
    let (main, branch) = ("main".parse()?, "bailiwick/x".parse()?);
    let tip = note(table, "branch_head", repo.branch_head(&main).await).flatten().context("a tip")?;
    note(table, "file", repo.file(&"README.md".parse()?, "main").await);
    let files = vec![FileChange::write("b.yaml".parse()?, "b: 1\n")];
    let new = NewCommit { branch, expected: None, parent: tip.clone(), parent_tree: None, message: "m".into(), files };
    note(table, "commit_files", repo.commit_files(&new).await);
    let path = "c.yaml".parse()?;
    note(table, "create_first_file", repo.create_first_file(&new.branch, &path, "c: 1\n", "m").await);
    let wish = NewPull { title: "T".into(), body: "B".into(), head: new.branch.clone(), base: "main".parse()? };
    let pull = note(table, "create_pull", repo.create_pull(&wish).await).context("a pull request")?;
    note(table, "pull", repo.pull(pull.number).await);
    note(table, "open_pulls", repo.open_pulls().await);
    note(table, "pulls_with_head", repo.pulls_with_head(&new.branch).await);
    note(table, "merged_pull_of", repo.merged_pull_of(&tip).await);
    let update = PullUpdate { title: Some("U".into()), ..PullUpdate::default() };
    note(table, "update_pull", repo.update_pull(pull.number, &update).await);
    note(table, "create_branch", repo.create_branch(&"bailiwick/y".parse()?, &tip).await);
    note(table, "delete_branch", repo.delete_branch(&"bailiwick/y".parse()?).await);
    Ok(())
}

async fn words_and_checks(world: &World, repo: &Repo, table: &mut Table) -> anyhow::Result<()> {
    let number = IssueNumber::new(1);
    let made = note(table, "create_comment", repo.create_comment(number, "<!-- m -->").await).context("a comment")?;
    note(table, "update_comment", repo.update_comment(made.id, "<!-- m --> x").await);
    note(table, "comment", repo.comment(made.id).await);
    note(table, "find_own_comment", repo.find_own_comment(number, "<!-- m -->").await);
    let command = CommentId::new(world.github.comment("alice", "org/cluster", 1, "/help")?);
    note(table, "react", repo.react(command, Reaction::Eyes).await);
    let head = repo.pull(number).await?.head.sha;
    let new = NewCheckRun {
        name: "c".into(),
        head: head.clone(),
        external_id: Some("e".into()),
        details_url: None,
        started_at: None,
        state: CheckState::Queued,
        output: None,
        actions: Vec::new(),
    };
    let run = note(table, "create_check_run", repo.create_check_run(&new).await).context("a check run")?;
    let started = CheckRunUpdate { state: Some(CheckState::InProgress), ..CheckRunUpdate::default() };
    note(table, "update_check_run", repo.update_check_run(run.id, &started).await);
    note(table, "check_run", repo.check_run(run.id).await);
    note(table, "find_check_run", repo.find_check_run(&head, "c", None).await);
    Ok(())
}

async fn deployments_keys_and_people(repo: &Repo, table: &mut Table) -> anyhow::Result<()> {
    let tip = repo.branch_head(&"main".parse()?).await?.context("a tip")?;
    let new =
        NewDeployment { commit: tip.clone(), environment: "dev".into(), description: "d".into(), payload: json!({}) };
    let made = note(table, "create_deployment", repo.create_deployment(&new).await).context("a deployment")?;
    note(table, "find_deployment", repo.find_deployment(&tip, "dev").await);
    let status = NewDeploymentStatus {
        state: DeploymentState::Success,
        description: "d".into(),
        environment_url: None,
        log_url: None,
    };
    note(table, "deployment_status", repo.deployment_status(made.id, &status).await);
    note(table, "meta_ssh_keys", repo.meta_ssh_keys().await);
    let (login, org, id) = ("alice".parse()?, "org".parse()?, UserId::new(1));
    note(table, "permission_of", repo.permission_of(&login, id).await);
    note(table, "is_team_member", repo.is_team_member((&org, "none"), (&login, id)).await);
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl".parse()?;
    let added = repo.add_deploy_key("flux", &key, true).await;
    table.add("add_deploy_key", added.as_ref().err().map(ToString::to_string).into_iter().collect());
    let listed = repo.deploy_keys().await;
    table.add("deploy_keys", listed.err().map(|error| error.to_string()).into_iter().collect());
    Ok(())
}
