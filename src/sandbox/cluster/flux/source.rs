//! The source controller, for GitRepository.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::credentials::Failure;
use super::due::REQUESTED_AT;
use super::{Flux, Subject, condition, export};
use crate::sandbox::cluster::store::Part;
use crate::sandbox::cluster::store::json::{child, map_of, text};

impl Flux {
    /// Fetches once and writes the outcome into the status.
    pub(super) async fn reconcile_source(&self, subject: &Subject) {
        let outcome = match self.shared.faults.take_fetch_failure() {
            Some(failure) => Err(failure),
            None => self.fetch(subject).await,
        };
        let now = format!("{:.0}", self.shared.clock.now());
        self.change(subject, Part::Status, |object| {
            match &outcome {
                Ok(revision) => fetched(object, revision, &now),
                Err((reason, message)) => {
                    condition::set(object, "FetchFailed", "True", (reason, message), &now);
                    condition::set(object, "Ready", "False", (reason, message), &now);
                }
            }
            handled(object, subject);
        });
    }

    async fn fetch(&self, subject: &Subject) -> Result<String, Failure> {
        let object = &subject.object;
        let url = text(object, "/spec/url");
        let failed = |problem: String| {
            let message = format!("failed to checkout and determine revision: {problem}");
            ("GitOperationFailed".to_owned(), message)
        };
        let key = self.key_for(object, url)?;
        let repository = self.git_server.bare_repository(url, key.as_ref()).await;
        let repository = repository.map_err(|problem| failed(format!("unable to clone '{url}': {problem}")))?;
        let (name, reference) = reference(&object["spec"]["ref"]);
        let commit = export::resolve(&repository, &reference).await;
        let commit = commit.map_err(|problem| failed(format!("unable to clone '{url}': {problem}")))?;
        let artifact = self.artifact(subject.uid(), &commit);
        if !artifact.is_dir() {
            let made = std::fs::create_dir_all(&artifact).map_err(|error| failed(error.to_string()));
            made?;
            if let Err(problem) = export::export(&repository, &commit, &artifact).await {
                // Half an artifact must not be taken for a whole one; the reason is reported below.
                let _ = std::fs::remove_dir_all(&artifact);
                return Err(failed(problem));
            }
        }
        self.forget_others(&artifact);
        let revision = format!("sha1:{commit}");
        Ok(if name.is_empty() { revision } else { format!("{name}@{revision}") })
    }

    /// Deletes the artifacts of older commits. Builds never run beside a fetch, so nobody reads them.
    fn forget_others(&self, artifact: &Path) {
        let siblings = artifact.parent().and_then(|parent| std::fs::read_dir(parent).ok());
        for sibling in siblings.into_iter().flatten().flatten().filter(|sibling| sibling.path() != artifact) {
            // What cannot be deleted goes with the whole directory at the end.
            let _ = std::fs::remove_dir_all(sibling.path());
        }
    }

    /// Where the files of a source's commit are.
    pub(super) fn artifact(&self, uid: &str, commit: &str) -> PathBuf {
        self.home().join("artifacts").join(uid).join(commit)
    }
}

/// The name in the revision, and what Git resolves. The order is Flux's: commit, name, tag, branch. A
/// name stands in the revision as it is.
fn reference(spec: &Value) -> (String, String) {
    let branch = Some(text(spec, "/branch")).filter(|text| !text.is_empty());
    let (commit, name, tag) = (text(spec, "/commit"), text(spec, "/name"), text(spec, "/tag"));
    if !commit.is_empty() {
        return (branch.unwrap_or_default().to_owned(), commit.to_owned());
    }
    if !name.is_empty() {
        return (name.to_owned(), name.to_owned());
    }
    if !tag.is_empty() {
        return (tag.to_owned(), format!("refs/tags/{tag}"));
    }
    let branch = branch.unwrap_or("master");
    (branch.to_owned(), format!("refs/heads/{branch}"))
}

fn fetched(object: &mut Value, revision: &str, now: &str) {
    let message = format!("stored artifact for revision '{revision}'");
    condition::clear(object, "FetchFailed");
    condition::set(object, "ArtifactInStorage", "True", ("Succeeded", &message), now);
    condition::set(object, "Ready", "True", ("Succeeded", &message), now);
    let generation = object["metadata"]["generation"].clone();
    let commit = revision.rsplit(':').next().unwrap_or_default();
    let path = format!(
        "gitrepository/{}/{}/{commit}.tar.gz",
        text(object, "/metadata/namespace"),
        text(object, "/metadata/name")
    );
    let status = child(object, "status");
    status["observedGeneration"] = generation;
    if text(status, "/artifact/revision") != revision {
        status["artifact"] = json!({"revision": revision, "lastUpdateTime": now, "path": path});
    }
}

/// Repeats the request that this attempt answered, as it stood when the attempt began.
pub(super) fn handled(object: &mut Value, subject: &Subject) {
    let requested = text(&subject.object, REQUESTED_AT);
    if !requested.is_empty() {
        map_of(child(object, "status")).insert("lastHandledReconcileAt".to_owned(), json!(requested));
    }
}
