//! `bailiwick who-can`: whose rights reach something, computed from the repository.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ValueEnum;

use super::FINE;
use super::check;
use crate::names::{Namespace, RepoPath};
use crate::rbac::{Request, who_can};
use crate::report::{self, CanDo, Question};
use crate::rules::{unknown_way, way};
use crate::tenancy::{RepositoryIndex, Rights, StoredSummary};

/// Show who may do something, computed from the roles and bindings of the repository
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The verb, such as get, create or impersonate
    verb: String,
    /// The resource: secrets, pods/exec, deployments.apps, or a path such as /metrics
    resource: String,
    /// The repository's root folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// In this namespace [default: in the whole cluster]
    #[arg(short, long)]
    namespace: Option<Namespace>,
    /// Only the object of this name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The folder in PATH that Flux applies [default: found]
    #[arg(long, value_name = "DIR")]
    cluster_path: Option<RepoPath>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Groups of built-in resources, and of Flux's, that people write without their groups.
const GROUPS: [(&str, &[&str]); 14] = [
    ("apps", &["deployments", "statefulsets", "daemonsets", "replicasets", "controllerrevisions"]),
    ("batch", &["jobs", "cronjobs"]),
    ("networking.k8s.io", &["ingresses", "networkpolicies", "ingressclasses"]),
    ("rbac.authorization.k8s.io", &["roles", "rolebindings", "clusterroles", "clusterrolebindings"]),
    ("apiextensions.k8s.io", &["customresourcedefinitions"]),
    (
        "admissionregistration.k8s.io",
        &[
            "validatingwebhookconfigurations",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
        ],
    ),
    ("storage.k8s.io", &["storageclasses", "csidrivers", "volumeattachments"]),
    ("certificates.k8s.io", &["certificatesigningrequests", "signers"]),
    ("policy", &["poddisruptionbudgets"]),
    ("kustomize.toolkit.fluxcd.io", &["kustomizations"]),
    ("helm.toolkit.fluxcd.io", &["helmreleases"]),
    (
        "source.toolkit.fluxcd.io",
        &["gitrepositories", "ocirepositories", "buckets", "helmrepositories", "helmcharts", "externalartifacts"],
    ),
    ("notification.toolkit.fluxcd.io", &["receivers", "alerts", "providers"]),
    ("image.toolkit.fluxcd.io", &["imageupdateautomations", "imagepolicies", "imagerepositories"]),
];

/// Writes who may do it.
///
/// # Errors
/// Wrong usage, or a repository that cannot be read.
pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<u8> {
    if args.verb.is_empty() || args.resource.is_empty() {
        bail!("give a verb and a resource: bailiwick who-can get secrets");
    }
    let index = check::index_of(&args.path, args.cluster_path.as_ref())?;
    let rights = Rights::whole(&index);
    let (resource, groups) = groups(args, &index)?;
    let (mut holders, mut unknown) = (Vec::new(), Vec::new());
    for group in &groups {
        let request = match args.resource.starts_with('/') {
            true => Request::url(&args.verb, &args.resource),
            false => Request::resource(&args.verb, group, &resource).named(args.name.as_deref().unwrap_or_default()),
        };
        let found = who_can(&rights.after, &request, args.namespace.as_ref().map(Namespace::as_str));
        holders.extend(found.holders.iter().map(|grant| CanDo {
            subject: grant.through.clone(),
            namespace: grant.binding.key.scope.namespace().map(str::to_owned),
            rule: grant.rule().cloned(),
            way: way(grant, &rights),
        }));
        unknown.extend(found.unknown.iter().map(|binding| unknown_way(binding, &rights)));
    }
    unknown.dedup();
    let applied = |file: &StoredSummary<'_>| file.is_unreadable() && index.is_applied(&file.path(), None);
    let unread: Vec<RepoPath> = index.files().filter(applied).map(|file| file.path()).collect();
    let is_path = args.resource.starts_with('/');
    let asked = Question {
        words: asked(args, &groups),
        verb: &args.verb,
        groups: if is_path { &[] } else { &groups },
        resource: if is_path { &args.resource } else { &resource },
        name: args.name.as_deref(),
        namespace: args.namespace.as_ref().map(Namespace::as_str),
    };
    match args.format {
        Format::Text => out.write_all(report::who_can_text(&asked, &holders, (&unknown, &unread)).as_bytes())?,
        Format::Json => writeln!(out, "{:#}", report::who_can_json(&asked, &holders, (&unknown, &unread)))?,
    }
    Ok(FINE)
}

/// The resource with its subresource, and its groups. One that is written without a group is looked for among the
/// built-in ones and those that the repository defines.
fn groups(args: &Args, index: &RepositoryIndex) -> Result<(String, Vec<String>)> {
    if args.resource.starts_with('/') {
        return Ok((String::new(), vec![String::new()]));
    }
    let (main, sub) = match args.resource.split_once('/') {
        Some((main, sub)) => (main, Some(sub)),
        None => (args.resource.as_str(), None),
    };
    let with_sub = |name: &str| sub.map_or_else(|| name.to_owned(), |sub| format!("{name}/{sub}"));
    if let Some((name, group)) = main.split_once('.') {
        return Ok((with_sub(name), vec![group.to_owned()]));
    }
    let mut groups: Vec<String> =
        GROUPS.iter().filter(|(_, names)| names.contains(&main)).map(|(group, _)| (*group).to_owned()).collect();
    groups.extend(
        index
            .definitions()
            .filter(|(_, kind)| kind.words.first().is_some_and(|word| word == main))
            .map(|(_, kind)| kind.group),
    );
    if groups.is_empty() {
        groups.push(String::new());
    }
    groups.sort();
    groups.dedup();
    Ok((with_sub(main), groups))
}

fn asked(args: &Args, groups: &[String]) -> String {
    let groups: Vec<&str> = groups.iter().map(String::as_str).filter(|group| !group.is_empty()).collect();
    let groups = if groups.is_empty() || args.resource.contains('.') {
        String::new()
    } else {
        format!(" of {}", groups.join(" or "))
    };
    let name = args.name.as_ref().map(|name| format!(" named {name}")).unwrap_or_default();
    let place = match &args.namespace {
        Some(namespace) => format!(" in namespace {namespace}"),
        None => " in the whole cluster".to_owned(),
    };
    let place = if args.resource.starts_with('/') { String::new() } else { place };
    format!("{} {}{groups}{name}{place}", args.verb, args.resource)
}
