//! GitHub's two kinds of addresses: of its API, and of everything else.

/// The host of pages and of Git for a host of the API. GitHub itself, and enterprises whose data it keeps at
/// `SUBDOMAIN.ghe.com`, have the API on a host of its own with `api.` in front; an enterprise server has it below a
/// path of the same host (docs.github.com, "Getting started with the REST API"; "Network details for GHE.com").
pub fn site_host(api_host: &str) -> &str {
    match strip_api(api_host) {
        Some(site) if site.eq_ignore_ascii_case("github.com") || is_ghe_com(site) => site,
        _ => api_host,
    }
}

/// The host of the API for a host of pages, where GitHub has one of its own for it.
pub fn api_host(site_host: &str) -> Option<String> {
    let site = strip_www(site_host).to_ascii_lowercase();
    (site == "github.com" || is_ghe_com(&site) && strip_api(&site).is_none()).then(|| format!("api.{site}"))
}

/// Whether a host is called as those are that serve nothing but an API.
pub fn is_api_host(host: &str) -> bool {
    strip_api(host).is_some()
}

fn strip_api(host: &str) -> Option<&str> {
    without(host, "api.")
}

fn strip_www(host: &str) -> &str {
    without(host, "www.").unwrap_or(host)
}

fn without<'a>(host: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = host.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn is_ghe_com(host: &str) -> bool {
    let end = host.len().checked_sub(".ghe.com".len()).filter(|end| *end > 0);
    end.and_then(|end| host.get(end..)).is_some_and(|end| end.eq_ignore_ascii_case(".ghe.com"))
}

#[cfg(test)]
mod tests {
    use super::{api_host, site_host};

    #[test]
    fn the_api_has_a_host_of_its_own_at_github_only() {
        for (api, site) in [
            ("api.github.com", "github.com"),
            ("api.octocorp.ghe.com", "octocorp.ghe.com"),
            ("API.OctoCorp.GHE.com", "OctoCorp.GHE.com"),
            ("git.example", "git.example"),
            ("api.git.example", "api.git.example"),
            ("127.0.0.1", "127.0.0.1"),
            ("api.ghe.com", "api.ghe.com"),
            ("[::1]", "[::1]"),
            ("äpi.github.com", "äpi.github.com"),
        ] {
            assert_eq!(site_host(api), site);
        }
        for (site, api) in [
            ("github.com", Some("api.github.com")),
            ("WWW.github.com", Some("api.github.com")),
            ("octocorp.ghe.com", Some("api.octocorp.ghe.com")),
            ("api.octocorp.ghe.com", None),
            ("api.github.com", None),
            ("git.example", None),
            ("notgithub.com", None),
        ] {
            assert_eq!(api_host(site).as_deref(), api, "{site}");
        }
    }
}
