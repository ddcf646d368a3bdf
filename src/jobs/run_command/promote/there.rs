//! What the admin repository holds already: at its tip, and on the branch of the open pull request.

use std::collections::BTreeMap;

use super::Home;
use super::head::blocking;
use crate::forge::{Access, PullRequest};
use crate::git::{Blob, BlobKind, Changes, GitError, Snapshot};
use crate::jobs::{Context, JobError, admin, indexes};
use crate::manifest::{self, KUSTOMIZATION_NAMES};
use crate::scaffold::promote::{self, Admin, ClusterObject, Earlier, MOST_OBJECTS, Promotion, Refusal};

/// A plan, or why there is none: of its objects, or a sentence about the whole.
type Planned = Result<Result<Promotion, Vec<Refusal>>, String>;

/// Plans the promotion of the objects, on top of what the open pull request holds.
pub(super) async fn plan(
    context: &Context,
    home: &Home<'_>,
    (objects, open): (&[ClusterObject], Option<&PullRequest>),
) -> Result<Planned, JobError> {
    let earlier = match open {
        Some(open) => earlier(context, home, open).await?,
        None => Ok(Vec::new()),
    };
    let earlier = match earlier {
        Ok(earlier) => earlier,
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(common) = home.cluster.path.join("common") else {
        return Err(JobError::fail("the cluster's path has no directory `common`"));
    };
    let (snapshot, index) = (home.base.snapshot.clone(), home.base.index.clone());
    let (team, objects) = (home.team.name.clone(), objects.to_vec());
    let planned = blocking(move || {
        let mut kustomizations = Vec::new();
        for path in KUSTOMIZATION_NAMES.iter().filter_map(|name| common.join(name)) {
            let text = snapshot.read(&path)?.and_then(text);
            kustomizations.extend(text.map(|text| (path, text)));
        }
        let mut files = BTreeMap::new();
        for path in objects.iter().flat_map(|object| index.objects_with_id(&object.id)) {
            if let Some(blob) = snapshot.read(&path)? {
                let file = indexes::read_blob(&path, &blob);
                files.insert(path, file);
            }
        }
        let admin = Admin { index: &index, common: &common, kustomizations: &kustomizations, files: &files };
        Ok(promote::plan(&team, &objects, &earlier, admin))
    });
    Ok(Ok(planned.await?))
}

/// The files that the open pull request holds, as far as they can be laid over the tip; the inner error is a sentence.
async fn earlier(
    context: &Context,
    home: &Home<'_>,
    open: &PullRequest,
) -> Result<Result<Vec<Earlier>, String>, JobError> {
    let (repo, facts) = context.repository_facts(&home.cluster.admin_repository, Access::READ).await?;
    let (mirror, tip, head) = (home.base.mirror.clone(), home.base.commit.clone(), open.head.sha.clone());
    admin::fetch(&repo, &mirror, &facts.clone_url, (std::slice::from_ref(&head), &open.refs())).await?;
    let (bases, onto) = (mirror.clone(), tip.clone());
    let after = mirror.snapshot(&head).await?;
    let ancestors = blocking(move || bases.merge_bases(&onto, &head)).await?;
    let [ancestor] = ancestors.as_slice() else { return Ok(Err(strange(open))) };
    let before = mirror.snapshot(ancestor).await?;
    let now = home.base.snapshot.clone();
    let read = blocking(move || changed(&before, &after, &now)).await?;
    Ok(read.ok_or_else(|| strange(open)))
}

fn strange(open: &PullRequest) -> String {
    format!(
        "The open pull request (#{} of the admin repository) holds more than I have written: an admin has to close it \
         first.",
        open.number
    )
}

/// The manifests that the branch adds or changes and that nobody has changed since; nothing where they are more than
/// a promotion holds. The list of the common directory is made anew.
fn changed(before: &Snapshot, after: &Snapshot, now: &Snapshot) -> Result<Option<Vec<Earlier>>, GitError> {
    let Changes { paths, truncated, .. } = after.changed_since(before, MOST_OBJECTS + 1)?;
    if truncated {
        return Ok(None);
    }
    let mut earlier = Vec::new();
    for change in paths {
        let is_object = manifest::is_manifest(&change.path) && !manifest::is_kustomization(&change.path);
        let Some(version) = change.after.filter(|_| is_object) else { continue };
        let there = now.read(&change.path)?;
        if there.as_ref().map(|blob| blob.id) != change.before.map(|version| version.id) {
            continue;
        }
        let Some(text) = text(after.read_id(version.kind, version.id)?) else { continue };
        let before = match there {
            Some(blob) => match self::text(blob) {
                Some(text) => Some(text),
                None => continue,
            },
            None => None,
        };
        earlier.push(Earlier { path: change.path, before, text });
    }
    Ok(Some(earlier))
}

/// The text of a plain file.
fn text(blob: Blob) -> Option<String> {
    let plain = matches!(blob.kind, BlobKind::File | BlobKind::Executable);
    String::from_utf8(blob.bytes.filter(|_| plain)?).ok()
}
