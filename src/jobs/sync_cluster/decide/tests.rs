//! What the cluster shows → what people read. `X` is the merged commit, `LATER` contains it, `OLD` does not.

use super::*;
use crate::cluster::SourceRef;
use crate::jobs::sync_cluster::testing::{condition, kustomization, object, source};

const X: &str = "1111111111111111111111111111111111111111";
const LATER: &str = "2222222222222222222222222222222222222222";
const OLD: &str = "0000000000000000000000000000000000000000";

fn commit(text: &str) -> CommitId {
    text.parse().expect("forty digits")
}

fn contains(other: &CommitId) -> bool {
    [X, LATER].contains(&other.as_str())
}

fn failing(artifact: Option<&str>, reason: &str) -> SourceState {
    let ready = condition(ConditionStatus::False, reason);
    SourceState { fetch_failed: condition(ConditionStatus::True, reason), ready, ..source(artifact) }
}

fn applier(name: &str, applied: Option<&str>, attempted: Option<&str>, ready: Option<Condition>) -> Kustomization {
    let revision = |commit: &str| format!("main@sha1:{commit}");
    Kustomization {
        ready,
        last_applied_revision: applied.map(revision),
        last_attempted_revision: attempted.map(revision),
        ..kustomization(name)
    }
}

fn good(commit: &str) -> Kustomization {
    applier("flux-system", Some(commit), Some(commit), condition(ConditionStatus::True, "ReconciliationSucceeded"))
}

fn bad(attempted: &str, reason: &str) -> Kustomization {
    applier("flux-system", Some(OLD), Some(attempted), condition(ConditionStatus::False, reason))
}

/// One look as one line: state, whether fetched, what was seen.
fn look(source: &SourceState, kustomizations: &[Kustomization]) -> String {
    look_at(std::slice::from_ref(source), kustomizations, &BTreeMap::new())
}

fn look_at(
    sources: &[SourceState],
    kustomizations: &[Kustomization],
    others: &BTreeMap<ObjectRef, Option<Kustomization>>,
) -> String {
    let commit = commit(X);
    let picture = Picture { commit: &commit, sources, kustomizations, others, contains: &contains };
    let view = picture.judge();
    let state = match &view.state {
        SyncState::Failed { reason, message, object, waiting, retried } => {
            let waiting =
                if waiting.is_empty() { String::new() } else { format!(" (for it wait {})", waiting.join(", ")) };
            let again = if *retried { "" } else { ", for good" };
            format!("failed{again}: {object} says {reason}: {message}{waiting}")
        }
        SyncState::Applied { revision } => format!("applied {}", revision.short()),
        state => format!("{state:?}"),
    };
    format!("{}{state}  [{}]", if view.fetched { "fetched, " } else { "" }, view.seen)
}

#[test]
fn what_the_source_says() {
    let rows = [
        ("nothing fetched yet", SourceState { ready: None, ..source(None) }),
        ("an older commit is fetched", source(Some(OLD))),
        (
            "the last fetch is under way",
            SourceState { ready: condition(ConditionStatus::Unknown, "Progressing"), ..source(Some(OLD)) },
        ),
        ("ours is fetched", source(Some(X))),
        ("ours is fetched, and a later fetch fails", failing(Some(X), "GitOperationFailed")),
        ("a later commit that contains ours", source(Some(LATER))),
        ("the key is not registered", failing(Some(OLD), "GitOperationFailed")),
        ("the Secret is missing", failing(None, "AuthenticationFailed")),
        (
            "stalled",
            SourceState { stalled: condition(ConditionStatus::True, "URLInvalid"), ..failing(Some(OLD), "URLInvalid") },
        ),
        ("its spec was changed a moment ago", SourceState { generation: 2, ..source(Some(X)) }),
        (
            "a revision as it was written once",
            SourceState { artifact_revision: Some(format!("main/{X}")), ..source(None) },
        ),
        ("suspended", SourceState { suspended: true, ..source(Some(OLD)) }),
        ("suspended with ours", SourceState { suspended: true, ..source(Some(X)) }),
    ];
    let told = rows.map(|(row, source)| {
        format!("{row}\n    {}", look(&source, &[applier("flux-system", Some(OLD), Some(OLD), None)]))
    });
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_the_kustomization_says() {
    let suspended = Kustomization { suspended: true, ..good(OLD) };
    let rows = [
        ("nobody applies the source", vec![]),
        ("not attempted yet", vec![good(OLD)]),
        (
            "building",
            vec![applier("flux-system", Some(OLD), Some(X), condition(ConditionStatus::Unknown, "Progressing"))],
        ),
        ("applied", vec![good(X)]),
        ("the build fails", vec![bad(X, "BuildFailed")]),
        ("the old commit failed before", vec![bad(OLD, "BuildFailed")]),
        ("an object is refused", vec![bad(X, "ReconciliationFailed")]),
        ("what runs is not healthy", vec![bad(X, "HealthCheckFailed")]),
        ("the path is missing", vec![bad(OLD, "ArtifactFailed")]),
        ("another one has to be ready first", vec![bad(OLD, "DependencyNotReady")]),
        ("the source may not be used", vec![bad(OLD, "AccessDenied")]),
        ("suspended", vec![suspended]),
        (
            "stalled before the attempt",
            vec![Kustomization {
                stalled: condition(ConditionStatus::True, "InvalidCELExpression"),
                ..bad(OLD, "InvalidCELExpression")
            }],
        ),
        ("its spec was changed a moment ago", vec![Kustomization { generation: 2, ..good(X) }]),
        (
            "a revision as it was written once",
            vec![Kustomization {
                last_applied_revision: Some(format!("main/{X}")),
                last_attempted_revision: Some(format!("main/{X}")),
                ..good(X)
            }],
        ),
        (
            "healthy before, not any more",
            vec![applier("flux-system", Some(X), Some(X), condition(ConditionStatus::False, "HealthCheckFailed"))],
        ),
        (
            "one of two is applied",
            vec![good(X), applier("apps", Some(OLD), Some(X), condition(ConditionStatus::Unknown, "Progressing"))],
        ),
        (
            "one of two fails",
            vec![good(X), Kustomization { object: object("flux-system", "apps"), ..bad(X, "BuildFailed") }],
        ),
        (
            "both are applied",
            vec![
                good(X),
                applier("apps", Some(X), Some(X), condition(ConditionStatus::True, "ReconciliationSucceeded")),
            ],
        ),
    ];
    let told = rows.map(|(row, users)| format!("{row}\n    {}", look(&source(Some(X)), &users)));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_later_commit_that_contains_ours_counts_and_an_older_one_does_not() {
    let rows = [
        ("the later one is applied", source(Some(LATER)), good(LATER)),
        ("the later one fails", source(Some(LATER)), bad(LATER, "BuildFailed")),
        ("ours was applied, the later one is not yet", source(Some(LATER)), good(X)),
        (
            "ours was applied, the later one fails",
            source(Some(LATER)),
            applier("flux-system", Some(X), Some(LATER), condition(ConditionStatus::False, "BuildFailed")),
        ),
        ("the source went on while ours was read", source(Some(X)), good(LATER)),
        ("the older one is applied", source(Some(OLD)), good(OLD)),
        ("the source holds ours, the older one is applied", source(Some(X)), good(OLD)),
    ];
    let told = rows.map(|(row, source, user)| format!("{row}\n    {}", look(&source, &[user])));
    insta::assert_snapshot!(told.join("\n"));
}

/// A Kustomization that waits for others of `flux-system`, with what it says.
fn waits(name: &str, on: &[&str], mut it: Kustomization) -> Kustomization {
    it.object = object("flux-system", name);
    it.depends_on = on.iter().map(|on| object("flux-system", on)).collect();
    it
}

#[test]
fn what_fails_is_named_before_what_waits_for_it() {
    let held = |name, on: &[&str]| waits(name, on, bad(OLD, "DependencyNotReady"));
    let progressing = applier("x", Some(OLD), Some(X), condition(ConditionStatus::Unknown, "Progressing"));
    let rows = [
        ("what is waited for is busy", vec![held("apps", &["crds"]), waits("crds", &[], progressing)]),
        (
            "what is waited for fails",
            vec![
                held("apps", &["crds"]),
                held("tenants", &["apps"]),
                waits("crds", &[], bad(X, "BuildFailed")),
                good(X),
            ],
        ),
        (
            "it fails, and it is not seen yet that others wait",
            vec![waits("apps", &["crds"], good(OLD)), waits("crds", &[], bad(X, "BuildFailed"))],
        ),
        (
            "both fail",
            vec![waits("apps", &["crds"], bad(X, "BuildFailed")), waits("crds", &[], bad(X, "ReconciliationFailed"))],
        ),
        (
            "one checks the health of the other",
            vec![waits("all", &[], bad(X, "HealthCheckFailed")), waits("apps", &[], bad(X, "BuildFailed"))],
        ),
        ("they wait for each other", vec![held("a", &["b"]), held("b", &["c"]), held("c", &["a"]), held("d", &["a"])]),
    ];
    let told = rows.map(|(row, users)| format!("{row}\n    {}", look(&source(Some(X)), &users)));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_is_waited_for_elsewhere() {
    let held = waits("apps", &["other"], bad(OLD, "DependencyNotReady"));
    let other = |it: Kustomization| Some(waits("other", &[], it));
    let rows = [
        ("it is not there", None),
        ("it is busy", other(kustomization("other"))),
        ("it fails", other(bad(OLD, "BuildFailed"))),
        ("it waits itself", other(bad(OLD, "DependencyNotReady"))),
        ("it is suspended", other(Kustomization { suspended: true, ..bad(OLD, "BuildFailed") })),
        ("it is ready now", other(good(OLD))),
    ];
    let told = rows.map(|(row, other)| {
        let others = BTreeMap::from([(object("flux-system", "other"), other)]);
        format!("{row}\n    {}", look_at(&[source(Some(X))], std::slice::from_ref(&held), &others))
    });
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn the_worst_of_several_sources_counts() {
    let second = |it: SourceState| SourceState { object: object("gitops", "platform"), ..it };
    let of_second = |it: Kustomization| Kustomization {
        object: object("gitops", "platform"),
        source_ref: SourceRef { kind: "GitRepository".to_owned(), object: object("gitops", "platform") },
        ..it
    };
    let rows = [
        ("both are applied", source(Some(X)), good(X), good(X)),
        ("the second is not fetched", source(Some(OLD)), good(X), good(OLD)),
        ("the second cannot be fetched", failing(Some(OLD), "GitOperationFailed"), bad(X, "BuildFailed"), good(OLD)),
        ("the first fails, the second is not fetched", source(Some(OLD)), bad(X, "BuildFailed"), good(OLD)),
        ("the second fails", source(Some(X)), good(X), bad(X, "BuildFailed")),
    ];
    let told = rows.map(|(row, other, user, of_other)| {
        let users = [user, of_second(of_other)];
        format!("{row}\n    {}", look_at(&[source(Some(X)), second(other)], &users, &BTreeMap::new()))
    });
    insta::assert_snapshot!(told.join("\n"));
}
