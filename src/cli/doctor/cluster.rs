//! One cluster: whether it is reached, Bailiwick's rights there, Flux, and what applies the admin repository.

use futures::future::join_all;

use super::diagnosis::Diagnosis;
use super::{FETCH_LIMIT, LIMIT, in_time};
use crate::cluster::{Cluster, ClusterError, ConditionStatus, FluxKind, Right, SourceState, revision_commit};
use crate::config::{AccessMode, ClusterConfig, DryRuns};
use crate::jobs::{Applying, Context, JobError, applying, chain};
use crate::names::{CommitId, Engine, Namespace};

/// The version of Flux's kinds that Bailiwick speaks.
const SPOKEN: &str = "v1";

/// `context` is missing where the forge cannot be asked: then nobody knows what to look for in Flux.
pub(super) async fn look(context: Option<&Context>, config: &ClusterConfig) -> Vec<Diagnosis> {
    let thing = format!("cluster {}", config.name);
    let Some(kubeconfig) = &config.kubeconfig else {
        return vec![Diagnosis::ok(format!(
            "{thing}: no `kubeconfig`: merges are not followed there, and no deploy keys are made"
        ))];
    };
    if config.engine == Some(Engine::FluxV1) {
        return vec![Diagnosis::ok(format!("{thing}: it is run by Flux v1, which cannot be followed yet"))];
    }
    let connected = async {
        let cluster = Cluster::connect(&crate::cli::server::access(kubeconfig)).await?;
        let version = cluster.version().await?;
        Ok((cluster, version))
    };
    let connected = tokio::time::timeout(LIMIT, connected).await;
    match connected.unwrap_or_else(|_| Err(late())) {
        Ok((cluster, version)) => {
            let mut all = vec![Diagnosis::ok(format!("{thing}: the API server answers, version {version}"))];
            all.extend(inside(context, config, &cluster).await);
            all
        }
        Err(error) => vec![Diagnosis::problem(
            format!("{thing}: {}", chain(&error)),
            "look at `kubeconfig` of this cluster and at the network; nothing else there was looked at",
        )],
    }
}

fn late() -> ClusterError {
    let source = std::io::Error::from(std::io::ErrorKind::TimedOut).into();
    ClusterError::Unavailable { object: "its version".to_owned(), source }
}

async fn inside(context: Option<&Context>, config: &ClusterConfig, cluster: &Cluster) -> Vec<Diagnosis> {
    let thing = format!("cluster {}", config.name);
    let rights = in_time(&thing, LIMIT, rights(config, cluster));
    let flux = in_time(&thing, LIMIT, async {
        let kinds = [FluxKind::GitRepository, FluxKind::Kustomization];
        let served = join_all(kinds.map(|kind| async move { (kind, cluster.served(kind).await) })).await;
        vec![judge_flux(&thing, &served)]
    });
    let source = async {
        let Some(context) = context else { return Vec::new() };
        let look = async { judge_sources(&thing, applying(context, config, cluster).await) };
        in_time(&thing, FETCH_LIMIT, look).await
    };
    let (rights, flux, source) = tokio::join!(rights, flux, source);
    let installed = flux.iter().all(|it| it.remedy.is_none());
    // Without Flux's kinds the search could only say once more that there are none.
    [rights, flux, if installed { source } else { Vec::new() }].concat()
}

/// Where Bailiwick has a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Everywhere,
    /// Only where `flux bootstrap` puts its objects.
    InFluxSystem,
    Nowhere,
}

async fn rights(config: &ClusterConfig, cluster: &Cluster) -> Vec<Diagnosis> {
    let thing = format!("cluster {}", config.name);
    let keys = config.git_access.mode == AccessMode::DeployKey;
    let mut asked = Right::FOLLOW.to_vec();
    asked.extend(keys.then_some(Right::KEYS).into_iter().flatten());
    asked.extend(config.dry_run.map(|DryRuns::Definitions| Right::TRY).into_iter().flatten());
    let answers = join_all(asked.iter().map(|right| held(cluster, right))).await;
    let mut rows = Vec::new();
    for (right, answer) in asked.into_iter().zip(answers) {
        match answer {
            Ok(held) => rows.push((right, held)),
            Err(error) => {
                let seen = format!("{thing}: it does not say what Bailiwick may do there: {}", chain(&error));
                return vec![Diagnosis::problem(seen, "renew the token or the kubeconfig of this cluster")];
            }
        }
    }
    judge_rights(&thing, &rows)
}

async fn held(cluster: &Cluster, right: &Right) -> Result<Held, ClusterError> {
    if cluster.may(right, None).await? {
        return Ok(Held::Everywhere);
    }
    let flux_system: Namespace = "flux-system".parse().expect("a DNS-1123 label");
    let narrow = Right::FOLLOW.contains(right) && cluster.may(right, Some(&flux_system)).await?;
    Ok(if narrow { Held::InFluxSystem } else { Held::Nowhere })
}

fn judge_rights(thing: &str, rows: &[(Right, Held)]) -> Vec<Diagnosis> {
    let of = |wanted: &[Right]| -> Vec<(Right, Held)> {
        rows.iter().copied().filter(|(right, _)| wanted.contains(right)).collect()
    };
    let (follow, keys, tries) = (of(&Right::FOLLOW), of(&Right::KEYS), of(&Right::TRY));
    let mut all = vec![judge_following(thing, &follow)];
    let missing = named(&keys, |_, held| held != Held::Everywhere);
    if !missing.is_empty() {
        all.push(Diagnosis::warning(
            format!("{thing}: Bailiwick may not {missing} in all namespaces, as deploy keys need"),
            "apply deploy/overlays/deploy-keys; right where a RoleBinding in each team's namespace grants it",
        ));
    } else if !keys.is_empty() {
        all.push(Diagnosis::ok(format!("{thing}: Bailiwick may keep deploy keys in all namespaces")));
    }
    let missing = named(&tries, |_, held| held != Held::Everywhere);
    if !missing.is_empty() {
        all.push(Diagnosis::problem(
            format!("{thing}: Bailiwick may not {missing}: no definition is tried there, as `dry_run` asks"),
            "apply deploy/overlays/dry-run, which says what that right means; or leave `dry_run` out",
        ));
    } else if !tries.is_empty() {
        all.push(Diagnosis::ok(format!("{thing}: Bailiwick may try definitions")));
    }
    all
}

/// Without `list` what bootstrap makes can still be followed; without the others nothing can.
fn judge_following(thing: &str, rows: &[(Right, Held)]) -> Diagnosis {
    let nowhere = named(rows, |right, held| held == Held::Nowhere && right.verb != "list");
    if !nowhere.is_empty() {
        return Diagnosis::problem(
            format!("{thing}: Bailiwick may not {nowhere}: merges are not followed"),
            "apply deploy/base/rbac.yaml, or grant its account these rights another way",
        );
    }
    let narrow = named(rows, |_, held| held != Held::Everywhere);
    if !narrow.is_empty() {
        return Diagnosis::warning(
            format!("{thing}: Bailiwick may not {narrow} in all namespaces: only flux-system is followed"),
            "right where everything is in flux-system; else apply deploy/base/rbac.yaml",
        );
    }
    Diagnosis::ok(format!("{thing}: Bailiwick may find, ask and follow Flux in all namespaces"))
}

fn named(rows: &[(Right, Held)], wanted: impl Fn(&Right, Held) -> bool) -> String {
    let chosen = rows.iter().filter(|(right, held)| wanted(right, *held));
    chosen.map(|(right, _)| right.to_string()).collect::<Vec<_>>().join(", ")
}

type Served = (FluxKind, Result<Vec<String>, ClusterError>);

fn judge_flux(thing: &str, served: &[Served]) -> Diagnosis {
    let mut there = Vec::new();
    for (kind, versions) in served {
        let name = kind.name();
        match versions {
            Err(error) => {
                let seen = format!("{thing}: it does not say whether Flux is there: {}", chain(error));
                return Diagnosis::problem(seen, "look again; is the API server healthy?");
            }
            Ok(versions) if versions.is_empty() => {
                let seen = format!("{thing}: Flux is not installed: there is no kind {name}");
                return Diagnosis::problem(seen, "`flux bootstrap` installs it and lets it apply the admin repository");
            }
            Ok(versions) if !versions.iter().any(|version| version == SPOKEN) => {
                let seen = format!("{thing}: Flux is too old: {name} is served as {} only", versions.join(", "));
                return Diagnosis::problem(seen, "upgrade Flux to 2.0 or later");
            }
            Ok(versions) => there.push(format!("{name} {}", versions.join(", "))),
        }
    }
    Diagnosis::ok(format!("{thing}: Flux is there: {}", there.join("; ")))
}

fn judge_sources(thing: &str, found: Result<Applying, JobError>) -> Vec<Diagnosis> {
    match found {
        Ok(Applying { tip, sources: Ok(sources) }) => {
            sources.iter().map(|source| judge_source(thing, source, &tip)).collect()
        }
        Ok(Applying { sources: Err(problem), .. }) => vec![Diagnosis::problem(
            format!(
                "{thing}: nothing applies the admin repository there. {}",
                problem.lines().collect::<Vec<_>>().join(" ")
            ),
            "`flux bootstrap` makes what is missing; else correct admin_repository, branch and path of this cluster",
        )],
        Err(error) => vec![Diagnosis::warning(
            format!("{thing}: what applies the admin repository there was not found out: {error}"),
            "mend what stands above, then look again",
        )],
    }
}

fn judge_source(thing: &str, source: &SourceState, tip: &CommitId) -> Diagnosis {
    let SourceState { object, .. } = source;
    let name = format!("{thing}: GitRepository {object}");
    if source.suspended {
        return Diagnosis::problem(
            format!("{name} is suspended: nothing is fetched"),
            format!("flux resume source git {} -n {}", object.name, object.namespace),
        );
    }
    let look = format!("flux get source git {} -n {}", object.name, object.namespace);
    let (ready, fetched) = (source.ready.as_ref(), source.artifact_revision.as_deref().and_then(revision_commit));
    match (ready.map(|ready| (ready.status, ready)), fetched) {
        (Some((ConditionStatus::False, why)), _) => Diagnosis::problem(
            format!("{name} is not ready: {}: {}", why.reason, why.message),
            format!("mend it (its address, its Secret, the deploy key at GitHub); `{look}` shows it"),
        ),
        (Some((ConditionStatus::True, _)), Some(commit)) if commit == *tip => {
            Diagnosis::ok(format!("{name} is ready at {}, the tip of the branch", tip.short()))
        }
        (Some((ConditionStatus::True, _)), Some(commit)) => Diagnosis::ok(format!(
            "{name} is ready at {}; the branch's tip {} comes with its next fetch",
            commit.short(),
            tip.short()
        )),
        _ => Diagnosis::warning(
            format!("{name} is not ready yet: Flux is at work, or does not run"),
            format!("look again in a minute; `{look}` and `flux check` show more"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::diagnosis::{Level, worst};
    use super::*;

    fn rows(held: impl Fn(&Right) -> Held, keys: bool) -> Vec<(Right, Held)> {
        let keys: &[Right] = if keys { &Right::KEYS } else { &[] };
        Right::FOLLOW.iter().chain(keys).map(|right| (*right, held(right))).collect()
    }

    #[test]
    fn what_a_missing_right_means() {
        let judged = |held: &dyn Fn(&Right) -> Held| judge_rights("cluster dev", &rows(held, true));
        let all = judged(&|_| Held::Everywhere);
        assert_eq!((worst(&all), all.len()), (Level::Ok, 2));
        let no_patch = judged(&|right| if right.verb == "patch" { Held::Nowhere } else { Held::Everywhere });
        assert_eq!(worst(&no_patch), Level::Problem);
        assert!(no_patch[0].what.contains("patch gitrepositories.source.toolkit.fluxcd.io"), "{no_patch:?}");
        let no_list = judged(&|right| if right.verb == "list" { Held::Nowhere } else { Held::Everywhere });
        assert_eq!(worst(&no_list), Level::Warning);
        let narrow = judged(&|right| if right.group.is_empty() { Held::Everywhere } else { Held::InFluxSystem });
        assert_eq!(worst(&narrow), Level::Warning);
        let no_keys = judged(&|right| if right.resource == "secrets" { Held::Nowhere } else { Held::Everywhere });
        assert_eq!(worst(&no_keys), Level::Warning);
        assert!(
            no_keys[1].what.contains("get secrets named flux-git-auth, create secrets, patch secrets named"),
            "{no_keys:?}"
        );
        assert_eq!(judge_rights("cluster dev", &rows(|_| Held::Everywhere, false)).len(), 1, "no keys, no word");
    }

    #[test]
    fn an_old_flux_is_told_from_none() {
        let judged = |source: &[&str]| {
            let versions = |all: &[&str]| Ok(all.iter().map(|it| (*it).to_owned()).collect());
            let served =
                [(FluxKind::GitRepository, versions(source)), (FluxKind::Kustomization, versions(&["v1", "v1beta2"]))];
            judge_flux("cluster dev", &served)
        };
        assert_eq!(judged(&["v1"]).level, Level::Ok);
        assert!(judged(&[]).what.contains("not installed"));
        assert!(judged(&["v1beta2", "v1beta1"]).what.contains("GitRepository is served as v1beta2, v1beta1 only"));
    }
}
