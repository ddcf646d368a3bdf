//! The forge's SSH host keys, for the `known_hosts` of a Flux Git Secret. They are known, not
//! scanned: a scan believes whoever answers first.

/// GitHub's host keys (docs.github.com, "GitHub's SSH key fingerprints"): Ed25519, ECDSA, RSA. The
/// test compares their SHA-256 fingerprints with the published ones.
const GITHUB: [&str; 3] = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5\
     YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQCj7ndNxQowgcQnjshcLrqPEiiphnt+VTTvDP6mHBL9j1aNUkY4Ue1gvwnGLVlOhGeY\
     rnZaMgRK6+PKCUXaDbC7qtbW8gIkhL7aGCsOr/C56SJMy/BCZfxd1nWzAOxSDPgVsmerOBYfNqltV9/hWCqBywINIR+5dIg6JTJ72pcE\
     pEjcYgXkE2YEFXV1JHnsKgbLWNlhScqb2UmyRkQyytRLtL+38TGxkxCflmO+5Z8CSSNY7GidjMIZ7Q4zMjA2n1nGrlTDkzwDCsw+wqFP\
     GQA179cnfGWOWRVruj16z6XyvxvjJwbz0wQZ75XK5tKSb7FNyeIEs4TT4jk+S4dhPeAUC5y+bDYirYgM4GC7uEnztnZyaVWQ7B381AK4\
     Qdrwt51ZqExKbQpTUNn+EjqoTwvqNj4kqx5QUCI0ThS/YkOxJCXmPUWZbhjpCg56i+2aB6CmK2JGhn57K5mj0MNdBXA4/WnwH6XoPWJz\
     K5Nyu2zB3nAZp+S5hpQs+p1vN1/wsjk=",
];

/// `known_hosts` lines for `github.com`.
pub fn github_known_hosts() -> String {
    lines("github.com", GITHUB.iter().copied())
}

/// `known_hosts` lines for `host` with the keys that its API names (`ssh_keys` of `GET /meta`, for
/// GitHub Enterprise Server). A key that is not `<type> <base64>` is left out; without any usable
/// key the text is empty, and for `github.com` the published keys stand in.
pub fn known_hosts_for(host: &str, ssh_keys: &[String]) -> String {
    let keys = ssh_keys.iter().filter_map(|key| key.parse::<crate::names::PublicKey>().ok());
    let text = lines(host, keys.map(|key| key.to_string()));
    if text.is_empty() && host == "github.com" { github_known_hosts() } else { text }
}

fn lines(host: &str, keys: impl Iterator<Item = impl AsRef<str>>) -> String {
    // A host with a space or line break would write lines of its own.
    if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte)) {
        return String::new();
    }
    keys.map(|key| format!("{host} {}\n", key.as_ref())).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    use sha2::{Digest as _, Sha256};

    use super::{GITHUB, github_known_hosts, known_hosts_for};

    #[test]
    fn githubs_keys_have_the_published_fingerprints() {
        let published = [
            "+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
            "p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
            "uNiVztksCsDhcc0u9e8BujQXVUpKZIDTMczCvj3tD2s",
        ];
        for (key, fingerprint) in GITHUB.iter().zip(published) {
            let body = key.split(' ').nth(1).expect("a type and a body");
            let digest = Sha256::digest(STANDARD.decode(body).expect("base64"));
            assert_eq!(STANDARD_NO_PAD.encode(digest), fingerprint);
            assert!(key.parse::<crate::names::PublicKey>().is_ok());
        }
        assert_eq!(github_known_hosts().lines().count(), 3);
    }

    #[test]
    fn lines_name_the_host_and_bad_keys_stay_out() {
        let keys = [GITHUB[0].to_owned(), "nonsense".to_owned(), format!("{}\nevil ssh-rsa AAAA", GITHUB[0])];
        let text = known_hosts_for("git.example.com", &keys);
        assert_eq!(text, format!("git.example.com {0}\ngit.example.com {0}\n", GITHUB[0]));
        assert_eq!(known_hosts_for("github.com", &[]), github_known_hosts());
        assert_eq!(known_hosts_for("a b", &keys), "");
    }
}
