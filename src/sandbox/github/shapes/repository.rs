//! Repositories and deploy keys.

use serde_json::{Map, Value, json};

use super::super::access::Role;
use super::super::model::{DeployKey, Repository};
use super::user::extend;
use super::{Show, node, time};

/// The URL fields that every form of a repository has, below its own URL.
const URLS: &[(&str, &str)] = &[
    ("forks_url", "/forks"),
    ("keys_url", "/keys{/key_id}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("teams_url", "/teams"),
    ("hooks_url", "/hooks"),
    ("issue_events_url", "/issues/events{/number}"),
    ("events_url", "/events"),
    ("assignees_url", "/assignees{/user}"),
    ("branches_url", "/branches{/branch}"),
    ("tags_url", "/tags"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("trees_url", "/git/trees{/sha}"),
    ("statuses_url", "/statuses/{sha}"),
    ("languages_url", "/languages"),
    ("stargazers_url", "/stargazers"),
    ("contributors_url", "/contributors"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("commits_url", "/commits{/sha}"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("comments_url", "/comments{/number}"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("contents_url", "/contents/{+path}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("merges_url", "/merges"),
    ("archive_url", "/{archive_format}{/ref}"),
    ("downloads_url", "/downloads"),
    ("issues_url", "/issues{/number}"),
    ("pulls_url", "/pulls{/number}"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("labels_url", "/labels{/name}"),
    ("releases_url", "/releases{/id}"),
    ("deployments_url", "/deployments"),
];

impl Show<'_> {
    /// `/repos/<owner>/<name>` as URL.
    pub(crate) fn repository_url(&self, repository: &Repository) -> String {
        self.api(&format!("/repos/{}", self.state.full_name(repository)))
    }

    /// `repository`, as lists, payloads and pull requests have it.
    pub(crate) fn repository(&self, repository: &Repository) -> Value {
        let full_name = self.state.full_name(repository);
        let url = self.repository_url(repository);
        let html = self.web(&format!("/{full_name}"));
        let mut shown = json!({
            "id": repository.id,
            "node_id": node("R", repository.id),
            "name": repository.name,
            "full_name": full_name,
            "private": repository.private,
            "owner": self.user(repository.owner),
            "html_url": html,
            "description": repository.description,
            "fork": repository.parent.is_some(),
            "url": url,
        });
        let urls: Map<_, _> =
            URLS.iter().map(|(name, rest)| ((*name).to_owned(), json!(format!("{url}{rest}")))).collect();
        extend(&mut shown, Value::Object(urls));
        extend(&mut shown, self.repository_facts(repository, &full_name));
        shown
    }

    fn repository_facts(&self, repository: &Repository, full_name: &str) -> Value {
        let html = self.web(&format!("/{full_name}"));
        let host = self.base.trim_start_matches("http://");
        let open = repository.issues.values().filter(|issue| issue.open).count();
        let forks = self.state.repositories.values().filter(|it| it.parent == Some(repository.id)).count();
        json!({
            "created_at": time(repository.created_at),
            "updated_at": time(repository.updated_at),
            "pushed_at": time(repository.pushed_at),
            "git_url": format!("git://{host}/{full_name}.git"),
            "ssh_url": format!("git@{}:{full_name}.git", host.split(':').next().unwrap_or(host)),
            "clone_url": format!("{html}.git"),
            "svn_url": html,
            "homepage": null,
            "size": 1,
            "stargazers_count": 0,
            "watchers_count": 0,
            "language": null,
            "has_issues": true,
            "has_projects": true,
            "has_downloads": true,
            "has_wiki": false,
            "has_pages": false,
            "has_discussions": false,
            "forks_count": forks,
            "mirror_url": null,
            "archived": repository.archived,
            "disabled": false,
            "open_issues_count": open,
            "license": null,
            "allow_forking": true,
            "is_template": false,
            "web_commit_signoff_required": false,
            "topics": [],
            "custom_properties": {},
            "visibility": if repository.private { "private" } else { "public" },
            "forks": forks,
            "open_issues": open,
            "watchers": 0,
            "default_branch": repository.default_branch,
        })
    }

    /// The few fields that installation events have of each repository.
    pub(crate) fn repository_stub(&self, repository: &Repository) -> Value {
        json!({
            "id": repository.id,
            "node_id": node("R", repository.id),
            "name": repository.name,
            "full_name": self.state.full_name(repository),
            "private": repository.private,
        })
    }

    /// `full-repository`, as `GET /repos/…` has it; `role` is the caller's.
    pub(crate) fn full_repository(&self, repository: &Repository, role: Role) -> Value {
        let mut shown = self.repository(repository);
        extend(
            &mut shown,
            json!({
                "permissions": {
                    "admin": role >= Role::Admin,
                    "maintain": role >= Role::Maintain,
                    "push": role >= Role::Write,
                    "triage": role >= Role::Triage,
                    "pull": role >= Role::Read,
                },
                "allow_squash_merge": true,
                "allow_merge_commit": true,
                "allow_rebase_merge": false,
                "allow_auto_merge": false,
                "delete_branch_on_merge": false,
                "network_count": 0,
                "subscribers_count": 0,
            }),
        );
        if self.state.organization(repository.owner).is_some() {
            shown["organization"] = self.user(repository.owner);
        }
        if let Some(parent) = repository.parent.and_then(|id| self.state.repositories.get(&id)) {
            shown["parent"] = self.repository(parent);
            shown["source"] = self.repository(parent);
        }
        shown
    }

    /// `deploy-key`.
    pub(crate) fn deploy_key(&self, key: &DeployKey) -> Value {
        let Some(repository) = self.state.repositories.get(&key.repository) else { return Value::Null };
        let policy = self.state.organization(repository.owner).is_none_or(|it| it.deploy_keys_enabled);
        json!({
            "id": key.id,
            "key": key.key,
            "url": format!("{}/keys/{}", self.repository_url(repository), key.id),
            "title": key.title,
            "verified": true,
            "created_at": time(key.created_at),
            "read_only": key.read_only,
            "added_by": self.state.login(key.added_by),
            "last_used": key.last_used.map(time),
            "enabled": policy,
        })
    }
}
