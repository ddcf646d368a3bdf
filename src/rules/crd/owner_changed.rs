//! CustomResourceDefinitions come from somewhere else than before.
//!
//! # What
//! Reports what this repository says of who owns a definition, where that changes:
//! a Flux `Kustomization` that applied definitions of this repository names another source, or its `GitRepository`
//! another repository (an error where it prunes and the definitions are not kept) or another branch, tag or commit (a
//! warning); and, as a warning, a definition whose own labels and annotations name another owner than before: those
//! of Helm, Flux, Argo CD and `app.kubernetes.io/managed-by`.
//! What the other repository holds, what charts bring, and who made the definition that is in the cluster cannot be
//! seen from files. Of a definition that goes from this repository `crd/deleted` speaks, of one that another
//! `Kustomization` takes over `crd/moved-between-kustomizations`, of a team's repository
//! `tenancy/repository-changed`.
//!
//! # Why
//! A `Kustomization` prunes what its new source does not hold, and with a definition every object of its kind is
//! deleted. A definition that two owners apply is changed to and fro, and the first of them to stop deletes it.
//!
//! # Bad
//! ```yaml
//! kind: Kustomization
//! spec: {path: ./crds, prune: true, sourceRef: {kind: GitRepository, name: platform}} # was flux-system
//! ```
//!
//! # Good
//! ```yaml
//! # another Kustomization for the new source; the old one goes on, its definitions marked with
//! # kustomize.toolkit.fluxcd.io/prune: disabled, until the new one has applied them
//! ```

use std::collections::BTreeMap;

use super::applied::{ALIKE, Applied, named};
use super::replaced::{Replaced, replaced};
use super::warning;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object};
use crate::rules::kustomization::is_sync;
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::same;
use crate::tenancy::{Applying, Sync, parse_git_url};

/// `crd/owner-changed`.
#[derive(Debug)]
pub struct OwnerChanged;

const ID: RuleId = RuleId::new("crd/owner-changed");
const KEEP: &str = "First annotate the definitions with `kustomize.toolkit.fluxcd.io/prune: disabled` and let Flux apply that; take it away once they come from the new place.";

/// Labels and annotations by which tools know what is theirs.
const OWNERS: [(&str, &str); 9] = [
    ("annotations", "meta.helm.sh/release-name"),
    ("annotations", "meta.helm.sh/release-namespace"),
    ("labels", "helm.toolkit.fluxcd.io/name"),
    ("labels", "helm.toolkit.fluxcd.io/namespace"),
    ("labels", "kustomize.toolkit.fluxcd.io/name"),
    ("labels", "kustomize.toolkit.fluxcd.io/namespace"),
    ("annotations", "argocd.argoproj.io/tracking-id"),
    ("labels", "argocd.argoproj.io/instance"),
    ("labels", "app.kubernetes.io/managed-by"),
];

impl Rule for OwnerChanged {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("owner_changed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut found: Vec<Finding> = replaced(review).filter_map(marked).collect();
        found.extend(Applied::with(review, |applied| {
            let mut found = sources(review, applied);
            found.extend(applied.left_out(review, ID));
            found
        }));
        found
    }
}

/// A definition whose labels and annotations name another owner.
fn marked(pair: Replaced<'_>) -> Option<Finding> {
    let (old, new) = (&pair.old.object.node, &pair.new.object.node);
    let text = |root: &Node, path: &[&str]| root.at(path).and_then(Node::text).map(shown);
    let differ = OWNERS.iter().filter_map(|(part, key)| {
        let path = ["metadata", *part, *key];
        let (was, is) = (text(old, &path), text(new, &path));
        (was != is).then_some((path, was, is))
    });
    let differ: Vec<_> = differ.collect();
    let (path, ..) = differ.first()?;
    let said = |value: &Option<String>| value.as_ref().map_or_else(|| "not set".to_owned(), |text| format!("`{text}`"));
    let told: Vec<String> =
        differ.iter().map(|(path, was, is)| format!("`{}` was {} and is {}", path[2], said(was), said(is))).collect();
    let message = format!(
        "This names another owner than before: {}. Whoever of the two stops applying the definition deletes it, and with it every object of its kind.",
        told.join(", ")
    );
    let node = new.at(path).or_else(|| new.get("metadata")).unwrap_or(new);
    let finding = warning(ID, pair.new.object, node, message).with_field(path.join("."));
    Some(finding.with_help("Make sure that one owner only applies the definition, and that the other one lets go of it without deleting it."))
}

/// The `Kustomization`s with another source, and the sources that are others, where definitions came from there.
fn sources(review: &Review<'_>, applied: &Applied<'_>) -> Vec<Finding> {
    let mut changed = changed(review);
    if changed.is_empty() {
        return Vec::new();
    }
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, changed) in changed.iter().enumerate() {
        by_name.entry(&changed.object.name).or_default().push(number);
    }
    for (name, appliers) in applied.before.each() {
        for applying in &appliers.syncs {
            let sync = &applying.sync;
            let names = [Some(sync.name.as_str()), sync.source()].into_iter().flatten();
            for number in names.filter_map(|name| by_name.get(name)).flat_map(|all| all.iter().take(ALIKE)) {
                let changed = &mut changed[*number];
                if changed.concerns(sync) {
                    changed.take(applied, name, applying);
                }
            }
        }
    }
    changed.iter().filter_map(Changed::told).collect()
}

/// The objects of Flux whose files come from elsewhere than before.
fn changed<'a, 'd>(review: &Review<'a>) -> Vec<Changed<'a, 'd>> {
    let says = |object: &&'a Object| is_source(object) || is_sync(object);
    let mut old: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
    for object in review.old_objects().filter(says) {
        old.entry(&object.name).or_default().push(object);
    }
    let of_object = |object: &'a Object| {
        let named = old.get(object.name.as_str()).into_iter().flatten().take(ALIKE);
        let mut alike = named.filter(|old| (old.group(), &old.kind) == (object.group(), &object.kind));
        // One of this name elsewhere is another one, unless it has moved here.
        let old = alike.find(|old| old.file == object.file || !review.after.contains_file(&old.file))?;
        let from = if is_source(object) { source(old, object)? } else { source_ref(old, object)? };
        Some(Changed { old, object, from, definitions: Vec::new(), lost: false })
    };
    review.objects().filter(says).filter_map(of_object).collect()
}

/// Where files come from, before and now.
struct Changed<'a, 'd> {
    old: &'a Object,
    object: &'a Object,
    from: Source<'a>,
    /// The definitions that came from there.
    definitions: Vec<&'d str>,
    /// Whether any of them may be deleted.
    lost: bool,
}

struct Source<'a> {
    node: &'a Node,
    field: &'static str,
    was: String,
    is: String,
    /// Whether it is another repository, not another state of the same.
    elsewhere: bool,
}

impl<'d> Changed<'_, 'd> {
    fn concerns(&self, sync: &Sync) -> bool {
        let Self { old, object, .. } = self;
        if is_source(object) {
            return sync.takes_from(object.namespace.as_deref(), &object.name);
        }
        let here = sync.file == old.file || old.namespace.is_none() || sync.namespace == old.namespace;
        sync.name == old.name && here
    }

    fn take(&mut self, applied: &Applied<'_>, name: &'d str, applying: &Applying) {
        let sync = &applying.sync;
        let prunes = || applied.before.syncs.prunes(sync) || applied.after.syncs.prunes(sync);
        self.lost |= applying.marks.kept != Some(true) && prunes();
        if self.definitions.last() != Some(&name) {
            self.definitions.push(name);
        }
    }

    fn told(&self) -> Option<Finding> {
        let Source { node, field, was, is, elsewhere } = &self.from;
        let severity = if self.lost && *elsewhere { Severity::Error } else { Severity::Warning };
        let follows = if self.lost {
            "what is not there is pruned, and with a definition every object of its kind is deleted"
        } else {
            "what is not there stays as it is in the cluster, and nobody changes it any more"
        };
        let what = match self.definitions.len() {
            0 => return None,
            1 => "The definition {} comes",
            _ => "The definitions {} come",
        };
        let what = what.replace("{}", &named(&self.definitions));
        let message =
            format!("{what} from {is} now, and no more from {was}: {follows}. What is there cannot be seen here.");
        let finding = Finding::new(ID, severity, self.object.location(node), message);
        Some(finding.with_object(self.object.reference()).with_field(*field).with_help(KEEP))
    }
}

fn is_source(object: &Object) -> bool {
    object.group() == "source.toolkit.fluxcd.io" && object.kind == "GitRepository"
}

fn text<'a>(object: &'a Object, path: &[&str]) -> &'a str {
    object.node.at(path).and_then(Node::text).unwrap_or_default()
}

fn source_ref<'a>(old: &Object, new: &'a Object) -> Option<Source<'a>> {
    let part = |object: &Object, key| shown(text(object, &["spec", "sourceRef", key]));
    let named = |object| (part(object, "kind"), part(object, "name"));
    // Without a namespace it is the object's own, which a kustomization above may have put there.
    let place = |object: &Object| {
        Some(part(object, "namespace")).filter(|it| !it.is_empty()).or_else(|| object.namespace.as_deref().map(shown))
    };
    let places = (place(old), place(new));
    let moved = matches!(&places, (Some(was), Some(is)) if was != is);
    let (was, is) = (named(old), named(new));
    // A patch of a Kustomization may leave its source alone.
    let node = new.node.at(&["spec", "sourceRef"]).filter(|_| was != is || moved)?;
    let told = |(kind, name): (String, String), place: Option<String>| match place.filter(|_| moved) {
        Some(place) => format!("the {kind} `{name}` in `{place}`"),
        None => format!("the {kind} `{name}`"),
    };
    let (was, is) = (told(was, places.0), told(is, places.1));
    Some(Source { node, field: "spec.sourceRef", was, is, elsewhere: true })
}

fn source<'a>(old: &Object, new: &'a Object) -> Option<Source<'a>> {
    let (was, is) = (text(old, &["spec", "url"]), text(new, &["spec", "url"]));
    let url = new.node.at(&["spec", "url"]);
    let repository = |url: &str| Some((host(url)?.to_lowercase(), parse_git_url(url)?.to_string().to_lowercase()));
    let is_one = was == is || repository(was).is_some_and(|was| repository(is) == Some(was));
    if let Some(node) = url.filter(|_| !is_one) {
        let told = |url| format!("`{}`", shown(url));
        return Some(Source { node, field: "spec.url", was: told(was), is: told(is), elsewhere: true });
    }
    let (before, after) = (old.node.at(&["spec", "ref"]), new.node.at(&["spec", "ref"]));
    // Without one it is the branch `master`; a patch of a GitRepository, which has no address, leaves it alone.
    let node = match (before, after) {
        (before, Some(after)) => Some(after).filter(|after| before.is_none_or(|before| !same(before, after))),
        (Some(_), None) => url,
        (None, None) => None,
    }?;
    let (was, is) = ("the former one".to_owned(), "another branch, tag or commit".to_owned());
    Some(Source { node, field: "spec.ref", was, is, elsewhere: false })
}

/// The host of a Git URL in any of its spellings, without user and port.
fn host(url: &str) -> Option<&str> {
    let rest = match url.split_once("://") {
        Some((_, rest)) => rest.split('/').next()?,
        None => url.split_once(':')?.0,
    };
    let host = rest.rsplit('@').next()?;
    Some(host.split(':').next().unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn spellings_of_a_host() {
        for (url, is) in [
            ("ssh://git@github.com/org/fleet", Some("github.com")),
            ("ssh://git@github.com:22/org/fleet.git", Some("github.com")),
            ("https://example.org/org/fleet", Some("example.org")),
            ("git@github.com:org/fleet", Some("github.com")),
            ("nothing", None),
        ] {
            assert_eq!(host(url), is, "{url}");
        }
    }
}
