//! The App: whether its key is accepted, this machine's clock, its rights and events against what this
//! configuration needs.

use std::time::Duration;

use jiff::SignedDuration;

use super::LIMIT;
use super::diagnosis::Diagnosis;
use super::trouble::of_forge;
use crate::config::Config;
use crate::forge::{Forge, ForgeError, Registration};
use crate::jobs::needs;

/// A token is made as of a minute ago and lasts for nine more (`forge::jwt`): so far a clock may be off before
/// GitHub refuses it.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);
const BEHIND: SignedDuration = SignedDuration::from_secs(540);
/// Off by more than this is worth a word.
const NEAR: SignedDuration = SignedDuration::from_secs(20);

/// What came of showing the App's key.
pub(super) struct Signed {
    pub(super) diagnoses: Vec<Diagnosis>,
    /// Whether the forge does not let the App in: then nothing else need be asked.
    pub(super) refused: bool,
    pub(super) registration: Option<Registration>,
}

type Seen = (Result<Registration, ForgeError>, Option<SignedDuration>);

pub(super) async fn look(config: &Config, forge: &Forge) -> Signed {
    let seen = tokio::time::timeout(LIMIT, forge.registration()).await;
    let (answer, ahead) = seen.unwrap_or_else(|_| (Err(late(LIMIT)), None));
    let seen = (answer, ahead);
    let diagnoses = judge(config, &seen);
    let refused = matches!(seen.0, Err(ForgeError::Unauthorized { .. } | ForgeError::NotFound { .. }));
    Signed { diagnoses, refused, registration: seen.0.ok() }
}

fn late(limit: Duration) -> ForgeError {
    let message = format!("no answer within {} s", limit.as_secs());
    ForgeError::Unavailable { what: "the App itself".to_owned(), message, source: None }
}

fn judge(config: &Config, (answer, ahead): &Seen) -> Vec<Diagnosis> {
    let registration = match answer {
        Ok(registration) => registration,
        Err(error) => return vec![refusal(config, error, *ahead)],
    };
    let name = registration.slug.as_deref().unwrap_or("without a name");
    let (id, url) = (config.github.app_id, &config.github.api_url);
    let mut all = vec![Diagnosis::ok(format!("App: {name} (App {id}) is known at {url} and its key is accepted"))];
    all.extend(ahead.map(clock));
    all.push(rights(config, registration));
    all.push(events(config, registration));
    all
}

/// Why the key is not accepted: by GitHub's own time, where it tells that with its refusal.
fn refusal(config: &Config, error: &ForgeError, ahead: Option<SignedDuration>) -> Diagnosis {
    let (ForgeError::Unauthorized { .. } | ForgeError::NotFound { .. }) = error else {
        return of_forge("App", error);
    };
    let said = match error {
        ForgeError::Unauthorized { message, .. } => message.as_str(),
        _ => "no such App",
    };
    let id = config.github.app_id;
    match ahead.filter(|ahead| *ahead > AHEAD || *ahead < -BEHIND) {
        Some(ahead) => Diagnosis::problem(
            format!("App: GitHub refuses App {id} ({said}): this machine's clock is {}", off(ahead)),
            "set this machine's clock (NTP): tokens are good for ten minutes only",
        ),
        None => Diagnosis::problem(
            format!("App: GitHub refuses App {id} ({said}): the key does not belong to this App"),
            "correct `github.app_id`, or make a new key on the App's page at GitHub and name it in `github.private_key`",
        ),
    }
}

fn clock(ahead: SignedDuration) -> Diagnosis {
    if ahead.abs() <= NEAR {
        return Diagnosis::ok("clock: agrees with GitHub's");
    }
    Diagnosis::warning(
        format!("clock: this machine's is {}", off(ahead)),
        "set this machine's clock (NTP): GitHub accepts no key from one that is a minute ahead or nine behind",
    )
}

fn off(ahead: SignedDuration) -> String {
    let seconds = ahead.abs().as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let side = if ahead.is_negative() { "behind" } else { "ahead of" };
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s {side} GitHub's"),
        (0, _) => format!("{minutes} min {seconds} s {side} GitHub's"),
        _ => format!("{hours} h {minutes} min {side} GitHub's"),
    }
}

fn rights(config: &Config, registration: &Registration) -> Diagnosis {
    let needed = needs::access(config, &config.clusters);
    let missing = registration.permissions.lacks(needed);
    if !missing.is_empty() {
        return Diagnosis::problem(
            format!("App: it does not ask for all rights that it needs: missing {}", missing.join(", ")),
            "add them on the App's page at GitHub (Permissions & events); owners of the organisations are asked then",
        );
    }
    let needless = |name: &&str| {
        registration.permissions.level(name).is_some() && !needed.permissions().iter().any(|(needed, _)| needed == name)
    };
    let more: Vec<&str> = ["administration", "members"].into_iter().filter(needless).collect();
    let more = if more.is_empty() {
        String::new()
    } else {
        format!("; it also has {}, which this configuration does not need", more.join(" and "))
    };
    Diagnosis::ok(format!("App: it has the rights that it needs{more}"))
}

fn events(config: &Config, registration: &Registration) -> Diagnosis {
    let has = |name: &str| registration.events.iter().any(|event| event == name);
    let missing: Vec<&str> = needs::events(config).into_iter().filter(|name| !has(name)).collect();
    if missing.is_empty() {
        return Diagnosis::ok("App: it subscribes to the events that it needs");
    }
    Diagnosis::problem(
        format!("App: it does not subscribe to all events that it needs: missing {}", missing.join(", ")),
        "tick them on the App's page at GitHub (Permissions & events, Subscribe to events)",
    )
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::diagnosis::Level;
    use super::{clock, off};

    #[test]
    fn how_far_a_clock_is_off() {
        let text = |seconds| off(SignedDuration::from_secs(seconds));
        assert_eq!(text(42), "42 s ahead of GitHub's");
        assert_eq!(text(-600), "10 min 0 s behind GitHub's");
        assert_eq!(text(7260), "2 h 1 min ahead of GitHub's");
        let level = |seconds| clock(SignedDuration::from_secs(seconds)).level;
        assert_eq!(
            [level(3), level(-20), level(45), level(-300)],
            [Level::Ok, Level::Ok, Level::Warning, Level::Warning]
        );
    }
}
