//! What tells one repository from another, however its address is spelled.

/// What stands for a variable of Flux's or of a template while an address is taken apart.
const VARIABLE: char = '\u{1}';

/// Other names of hosts: those on which they take SSH over port 443, and Azure's for SSH
/// (<https://docs.github.com/en/authentication/troubleshooting-ssh/using-ssh-over-the-https-port>).
const ALIASES: [(&str, &str); 5] = [
    ("ssh.github.com", "github.com"),
    ("www.github.com", "github.com"),
    ("altssh.gitlab.com", "gitlab.com"),
    ("altssh.bitbucket.org", "bitbucket.org"),
    ("ssh.dev.azure.com", "dev.azure.com"),
];

/// The host and the whole path of an address: `github.com/org/team1` for every spelling of it. No scheme, no user, no
/// port and no case are left, so that two spellings of one repository are never taken for two: a host serves the same
/// by SSH and by HTTPS, each on a port of its own, and most hosts ignore case.
pub(super) fn address(url: &str) -> String {
    let url = without_variables(url.trim());
    let (kind, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (if scheme.eq_ignore_ascii_case("oci") { "oci:" } else { "" }, rest),
        None => ("", url.as_str()),
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = if url.contains("://") { rest.split_once('/').unwrap_or((rest, "")) } else { short(rest) };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host).trim_end_matches('.').to_ascii_lowercase();
    let host = ALIASES.iter().find(|(alias, _)| *alias == host).map_or(host.as_str(), |(_, host)| host);
    let path = path_of(path, host == "dev.azure.com");
    if path.is_empty() { format!("{kind}{host}") } else { format!("{kind}{host}/{path}") }
}

/// `git@host:path`; what has no colon before its first slash is no more than a path.
fn short(text: &str) -> (&str, &str) {
    let colon = text.split_once(':').filter(|(host, _)| !host.contains('/'));
    colon.unwrap_or_else(|| text.split_once('/').unwrap_or((text, "")))
}

fn path_of(path: &str, azure: bool) -> String {
    let path = decoded(path).to_ascii_lowercase();
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part.trim() {
            "" | "." => {}
            ".." => drop(parts.pop()),
            // Azure's addresses for SSH and for HTTPS differ in these.
            "v3" | "_git" if azure => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    joined.strip_suffix(".git").map_or(joined.as_str(), |path| path).to_owned()
}

/// The same with `%41` and the like as what they stand for.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = &behind[2..]).1,
            None => (bytes.push(*first), rest = behind).1,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Each `${…}` as one sign: what stands in it may hold slashes and colons.
fn without_variables(text: &str) -> String {
    let mut found = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        found.push_str(before);
        found.push(VARIABLE);
        rest = behind.split_once('}').map_or("", |(_, behind)| behind);
    }
    found.push_str(rest);
    found
}

/// Whether a text has a variable in it, so that nobody knows here what it is.
pub(super) fn is_vague(text: &str) -> bool {
    text.contains("${") || text.contains(VARIABLE)
}

/// Whether two texts may be the same once their variables are put in.
pub(super) fn may_be_same(one: &str, other: &str) -> bool {
    let (one, other) = (without_variables(one), without_variables(other));
    let ends = |text: &str| {
        let first = text.split(VARIABLE).next().unwrap_or_default().to_owned();
        (first, text.rsplit(VARIABLE).next().unwrap_or_default().to_owned())
    };
    if !is_vague(&one) && !is_vague(&other) {
        return one == other;
    }
    let ((front, back), (others_front, others_back)) = (ends(&one), ends(&other));
    let fronts = front.starts_with(&others_front) || others_front.starts_with(&front);
    fronts && (back.ends_with(&others_back) || others_back.ends_with(&back))
}

#[cfg(test)]
mod tests {
    use super::{address, is_vague, may_be_same};

    #[test]
    fn every_spelling_of_a_repository_is_the_same() {
        for url in [
            "https://github.com/org/team1",
            "HTTPS://GitHub.com/Org/Team1.git/",
            "https://user:word@github.com:443/org/team1.git?x=1",
            "ssh://git@github.com:22/org/team1",
            "ssh://git@ssh.github.com:443/org/team1.git",
            "git@github.com:org/team1.git",
            "github.com:/org//team1",
            "https://github.com/./org/x/../team%31",
        ] {
            assert_eq!(address(url), "github.com/org/team1", "{url}");
        }
        assert_eq!(address("ssh://git@git.example:2222/a/b/c.git"), address("https://git.example/a/b/c"));
        assert_eq!(
            address("git@ssh.dev.azure.com:v3/org/project/x"),
            address("https://org@dev.azure.com/org/project/_git/x")
        );
    }

    #[test]
    fn other_repositories_are_others() {
        let all = [
            "https://github.com/org/team1",
            "https://gitlab.com/org/team1",
            "https://gitlab.com/org/sub/team1",
            "https://github.com/org/team2",
            "oci://github.com/org/team1",
            "org/team1",
            "%",
            "",
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(all[..place].iter().all(|other| address(one) != address(other)), "{one}");
        }
    }

    #[test]
    fn a_variable_may_be_anything() {
        let own = address("https://github.com/org/team1");
        for (url, same) in [
            ("https://github.com/org/${TEAM}", true),
            ("https://github.com/${X:=a/b}", true),
            ("${URL}", true),
            ("https://github.com/org/${TEAM}-infra", false),
            ("https://gitlab.com/${X}", false),
        ] {
            assert!(is_vague(&address(url)) && may_be_same(&own, &address(url)) == same, "{url}");
        }
        assert!(may_be_same("team1", "${X}") && !may_be_same("team1", "team2"));
    }
}
