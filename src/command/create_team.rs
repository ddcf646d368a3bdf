use std::collections::BTreeMap;
use std::fmt;

use super::arguments::Arguments;
use super::{Command, Permission, Spec};
use crate::names::{RepositoryName, TeamName, is_dns_label, show};

pub(super) const SPEC: Spec = Spec {
    name: "create-team",
    usage: "/create-team TEAM [--repo OWNER/NAME] [--preset NAME] [--SETTING VALUE]… [--plan]",
    help: "Opens a pull request that adds the team; with `--plan` only shows what it would hold. Settings are those of the \
           template, such as `--quota large`.",
    allow: Permission::Maintain,
    parse,
};

/// Settings of one command.
const MOST_SETTINGS: usize = 20;

/// Bytes of a setting's value.
const LONGEST_VALUE: usize = 200;

/// `/create-team TEAM [--repo OWNER/NAME] [--preset NAME] [--SETTING VALUE]… [--plan]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTeam {
    /// The new team.
    pub team: TeamName,
    /// Its repository, where it is not the one that the configuration's pattern gives.
    pub repository: Option<RepositoryName>,
    /// Settings under a name in the configuration.
    pub preset: Option<String>,
    /// Settings of the template by their names, with `-` between words; which there are, only the template says.
    pub settings: BTreeMap<String, String>,
    /// Whether only the plan is asked for.
    pub plan: bool,
}

/// Its arguments.
impl fmt::Display for CreateTeam {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.team)?;
        if let Some(repository) = &self.repository {
            write!(formatter, " --repo {repository}")?;
        }
        if let Some(preset) = &self.preset {
            write!(formatter, " --preset {preset}")?;
        }
        self.settings.iter().try_for_each(|(name, value)| write!(formatter, " --{name} {value}"))?;
        if self.plan { formatter.write_str(" --plan") } else { Ok(()) }
    }
}

fn parse(mut arguments: Arguments<'_>) -> Result<Command, String> {
    let plan = arguments.flag("--plan")?;
    let repository = arguments.option("--repo")?;
    let preset = arguments.option("--preset")?;
    let mut settings = BTreeMap::new();
    while let Some((name, value)) = arguments.any_option()? {
        let (name, value) = setting(name, value)?;
        if settings.insert(name.clone(), value).is_some() {
            return Err(format!("`--{name}` is written twice"));
        }
    }
    let team = arguments.positional("TEAM")?;
    arguments.finish()?;
    new(team, (repository, preset), settings, plan).map(Command::CreateTeam)
}

/// A setting, with its name as it is kept.
pub(super) fn setting(name: &str, value: &str) -> Result<(String, String), String> {
    let name = name.replace('_', "-");
    if !is_dns_label(&name) || !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err(format!("{} is no setting: its name has lower-case letters, digits and `-`", show(&name)));
    }
    if !is_setting_value(value) {
        return Err(format!(
            "{} is no value for {name}: write one word of at most {LONGEST_VALUE} characters",
            show(value)
        ));
    }
    Ok((name, value.to_owned()))
}

/// Whether this may be the value of a setting: one word of letters, digits and what paths, addresses and quantities need.
pub(crate) fn is_setting_value(value: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._/:@+=,-".contains(&byte);
    (1..=LONGEST_VALUE).contains(&value.len()) && !value.starts_with('-') && value.bytes().all(fits)
}

/// The command of these words.
pub(super) fn new(
    team: &str,
    (repository, preset): (Option<&str>, Option<&str>),
    settings: BTreeMap<String, String>,
    plan: bool,
) -> Result<CreateTeam, String> {
    let team = team.parse::<TeamName>().map_err(|error| error.to_string())?;
    let repository = repository.map(str::parse::<RepositoryName>).transpose().map_err(|error| error.to_string())?;
    if let Some(preset) = preset.filter(|preset| !is_dns_label(preset)) {
        return Err(format!("{} is no preset's name: it has lower-case letters, digits and `-`", show(preset)));
    }
    if settings.len() > MOST_SETTINGS {
        return Err(format!(
            "there are more than {MOST_SETTINGS} settings; keep them in a preset of the configuration"
        ));
    }
    Ok(CreateTeam { team, repository, preset: preset.map(str::to_owned), settings, plan })
}
