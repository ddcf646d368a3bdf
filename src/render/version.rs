//! Which kustomize it is.

/// The first that Bailiwick works with.
pub(super) const LEAST: u32 = 5;

/// The version in what `kustomize version` or `kubectl version --client --output=json` says: `v5.5.0`, of old
/// releases `{Version:kustomize/v4.5.7 GitCommit:…}`, and in kubectl's JSON its field `kustomizeVersion`.
pub(super) fn read(said: &str) -> Option<String> {
    let from = match said.split_once("kustomizeVersion") {
        Some((_, rest)) => rest,
        // kubectl without kustomize in it.
        None if said.contains("clientVersion") => return None,
        None => said,
    };
    let word = |start: usize| {
        let rest = &from[start..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !".-+".contains(c)).unwrap_or(rest.len());
        &rest[..end]
    };
    let starts = from.match_indices('v').map(|(start, _)| word(start));
    starts.into_iter().find(|word| major(word).is_some()).map(str::to_owned)
}

/// The first number of `v5.5.0`.
pub(super) fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{LEAST, major, read};

    #[test]
    fn what_the_programs_say() {
        let rows = [
            ("v5.5.0\n", Some("v5.5.0"), true),
            ("{Version:kustomize/v4.5.7 GitCommit:56d82a8378 BuildDate:2022-08-02T16:35:54Z}", Some("v4.5.7"), false),
            (
                "{\"clientVersion\": {\"gitVersion\": \"v1.32.4\"}, \"kustomizeVersion\": \"v5.5.0\"}",
                Some("v5.5.0"),
                true,
            ),
            ("{\"clientVersion\": {\"gitVersion\": \"v1.18.0\"}}", None, false),
            ("(devel)", None, false),
            ("", None, false),
        ];
        for (said, version, supported) in rows {
            assert_eq!(read(said).as_deref(), version, "{said}");
            assert_eq!(read(said).and_then(|version| major(&version)).is_some_and(|major| major >= LEAST), supported);
        }
    }
}
