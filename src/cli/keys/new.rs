//! `bailiwick keys new`: a deploy key that lies encrypted in Git.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::cli::{FINE, check, folder};
use crate::clock::{Clock as _, OsEntropy, SystemClock};
use crate::cluster::{KeyPair, known_hosts};
use crate::manifest::KUSTOMIZATION_NAMES;
use crate::names::{Engine, GitUrl, ObjectName, RepoPath, TeamName};
use crate::report::visible;
use crate::scaffold::{DEPLOY_KEY_FILE, DeployKey, TeamDirectory, plan_deploy_key};
use crate::sops::{Rule, Rules};
use crate::tenancy::{Team, TeamSource};

/// Make a deploy key for a team and write it encrypted beside its other files, by the rules of .sops.yaml
#[derive(Debug, clap::Args)]
pub(super) struct New {
    /// The team
    team: TeamName,
    /// The folder of the admin repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    /// The directory in it that Flux applies [default: found]
    #[arg(long, value_name = "DIR")]
    cluster_path: Option<RepoPath>,
    /// The host keys of the team's Git server, in the format of known_hosts [default: GitHub's]
    #[arg(long, value_name = "FILE")]
    known_hosts: Option<PathBuf>,
    /// Show what would be written, and write nothing
    #[arg(long)]
    plan: bool,
}

/// Writes the key, or says what it would write.
///
/// # Errors
/// Wrong usage, or a repository that cannot be read or does not fit.
pub(super) fn run(args: &New, out: &mut dyn Write) -> Result<u8> {
    let index = check::index_of(&args.repo, args.cluster_path.as_ref())?;
    let Some(team) = index.team(args.team.as_str()) else {
        bail!("there is no team {} in {}; `bailiwick create-team` makes one", args.team, args.repo.display());
    };
    let (source, secret) = source(&team)?;
    let lock = if args.plan { None } else { Some(folder::lock(&args.repo)?) };
    let mut files = BTreeMap::new();
    folder::read(&args.repo, team.directory.as_str(), &mut files)?;
    let file = team.directory.join(DEPLOY_KEY_FILE).context("a plain name")?;
    if files.contains_key(&file) {
        bail!("{file} is there already; remove it first where the team is to get another key");
    }
    let rule = rule(&args.repo, &file)?;
    let known_hosts = known_hosts_of(args, &source.url)?;
    let kustomization = kustomization(&team.directory, &files);
    if args.plan {
        writeln!(out, "would create {file}, for {}", recipients(&rule))?;
        if let Some((path, _)) = kustomization {
            writeln!(out, "would list it in {path}")?;
        }
        return Ok(FINE);
    }
    let comment = format!("bailiwick {}", team.name);
    let pair = KeyPair::generate(&OsEntropy, &comment)?;
    let key = DeployKey {
        team: &team.name,
        namespace: &source.namespace,
        secret: &secret,
        private: &pair.private_openssh,
        public_line: &pair.public_line,
        known_hosts: &known_hosts,
    };
    let directory = TeamDirectory { path: &team.directory, kustomization };
    let changes = plan_deploy_key(&key, &directory, (&rule, &OsEntropy, SystemClock.now()))?;
    folder::write(&args.repo, &changes)?;
    drop(lock);
    for change in &changes.files {
        writeln!(out, "{} {}", if change.before.is_some() { "changed" } else { "created" }, change.path)?;
    }
    let repository = team.repository.as_ref().map_or_else(|| source.url.clone(), ToString::to_string);
    writeln!(
        out,
        "encrypted for {}; the Kustomization that applies it needs spec.decryption with provider sops\n\nAdd this deploy key \
         to {}, to read only:\n{}",
        recipients(&rule),
        visible(&repository),
        pair.public_line
    )?;
    Ok(FINE)
}

/// What fetches the team's repository, and in which Secret it looks for the key.
fn source(team: &Team) -> Result<(&TeamSource, ObjectName)> {
    if team.engine == Engine::FluxV1 {
        bail!("team {} is run by Flux v1, which makes its key by itself", team.name);
    }
    let Some(source) = &team.source else {
        bail!("team {} has no GitRepository: nothing would use the key", team.name);
    };
    if !source.url.parse::<GitUrl>().is_ok_and(|url| url.is_ssh()) {
        bail!(
            "{}:{}: a deploy key is for SSH, and the address is {}; write ssh://git@HOST/ORG/NAME",
            source.file,
            source.line,
            visible(&source.url)
        );
    }
    let Some(name) = &source.secret_name else {
        let name = crate::cluster::GIT_SECRET;
        bail!("{}:{}: it names no Secret with the key; add spec.secretRef.name: {name}", source.file, source.line);
    };
    Ok((source, name.parse().with_context(|| format!("{}:{}", source.file, source.line))?))
}

/// The rule by which the file is encrypted.
fn rule(root: &Path, file: &RepoPath) -> Result<Rule> {
    for place in Rules::places(file) {
        let path = root.join(place.as_str());
        match std::fs::read(&path) {
            Ok(bytes) => return Ok(Rules::read(&place, &bytes)?.rule_for(file)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => bail!("{}: cannot be read ({error})", path.display()),
        }
    }
    bail!(
        "there is no .sops.yaml for {file}: nobody says for whom it is encrypted; write one in the root folder:\n\
         creation_rules:\n  - path_regex: deploy-key\\.yaml$\n    encrypted_regex: ^(data|stringData)$\n    age: age1… # the \
         cluster's recipient"
    )
}

fn recipients(rule: &Rule) -> String {
    rule.recipients().iter().map(|recipient| recipient.as_str()).collect::<Vec<_>>().join(", ")
}

/// GitHub's host keys are known; those of another host have to be given.
fn known_hosts_of(args: &New, url: &str) -> Result<String> {
    if let Some(file) = &args.known_hosts {
        let text = std::fs::read_to_string(file).with_context(|| format!("{}: cannot be read", file.display()))?;
        if text.trim().is_empty() {
            bail!(
                "{}: it is empty; `ssh-keyscan HOST` writes such a file, and the server's admins know its keys",
                file.display()
            );
        }
        return Ok(text);
    }
    let host = url.parse::<GitUrl>().ok().and_then(|url| url.with_scheme().to_string().parse::<http::Uri>().ok());
    if host.is_some_and(|address| address.host() == Some("github.com")) {
        return Ok(known_hosts::github_known_hosts());
    }
    bail!("the host keys of {} are not known; give them with --known-hosts FILE", visible(url))
}

/// The team's kustomization file.
fn kustomization<'a>(directory: &RepoPath, files: &'a BTreeMap<RepoPath, String>) -> Option<(&'a RepoPath, &'a str)> {
    let mut places = KUSTOMIZATION_NAMES.iter().filter_map(|name| directory.join(name));
    places.find_map(|path| files.get_key_value(&path).map(|(path, text)| (path, text.as_str())))
}
