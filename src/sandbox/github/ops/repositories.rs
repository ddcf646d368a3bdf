//! Making repositories.

use std::collections::BTreeMap;

use super::super::answer::{Answer, Outcome, Problem};
use super::super::events::Event;
use super::super::git::ZERO;
use super::super::git::write::{Edit, NewCommit};
use super::super::model::Repository;
use super::super::shared::Shared;
use super::refs::Moved;

/// A repository to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewRepository<'a> {
    pub(crate) owner: u64,
    pub(crate) name: &'a str,
    pub(crate) private: bool,
    pub(crate) description: Option<&'a str>,
    pub(crate) by: u64,
}

impl Shared {
    /// Makes an empty repository with the default branch `main`; gives its id.
    pub(crate) async fn create_repository(&self, new: NewRepository<'_>) -> Outcome<u64> {
        let refuse = |message: &str| {
            let message = Some(message.to_owned());
            Answer::invalid(vec![Problem { resource: "Repository", field: Some("name"), code: "custom", message }])
        };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let named = (1..=100).contains(&new.name.len()) && new.name.bytes().all(fits);
        if !named || new.name == "." || new.name == ".." || new.name.ends_with(".git") {
            return Err(refuse("name is not valid"));
        }
        let taken = |name: &str| {
            let state = self.state();
            state.repositories.values().any(|it| it.owner == new.owner && it.name.eq_ignore_ascii_case(name))
        };
        if taken(new.name) {
            return Err(refuse("name already exists on this account"));
        }
        let id = self.state().next_id();
        self.git.init(id, "main").await?;
        let now = self.now();
        let mut state = self.state();
        let made = Repository {
            id,
            owner: new.owner,
            name: new.name.to_owned(),
            old_names: Vec::new(),
            private: new.private,
            archived: false,
            parent: None,
            default_branch: "main".to_owned(),
            description: new.description.map(str::to_owned),
            created_at: now,
            updated_at: now,
            pushed_at: now,
            collaborators: BTreeMap::new(),
            issues: BTreeMap::new(),
            required_checks: Vec::new(),
            ruleset_checks: Vec::new(),
            strict: None,
            queue: None,
        };
        state.repositories.insert(id, made);
        self.emit(&mut state, Event::new("repository", "created", id, new.by));
        Ok(id)
    }

    /// The first commit of `auto_init`: a README with the repository's name.
    pub(crate) async fn auto_init(&self, repository: u64, by: u64) -> Outcome<()> {
        let name = self.state().repositories.get(&repository).map(|it| it.name.clone()).unwrap_or_default();
        let changes = [Edit::file("README.md", format!("# {name}").into_bytes())];
        let author = self.signature(by);
        let _moving = self.moving.lock().await;
        let commit = NewCommit { parent: None, author, message: "Initial commit", changes: &changes };
        let after = self.git.make_commit(repository, commit).await?;
        let (name, before) = ("refs/heads/main".to_owned(), ZERO.to_owned());
        Ok(self.move_ref(&Moved { repository, name, before, after, by }).await?)
    }
}
