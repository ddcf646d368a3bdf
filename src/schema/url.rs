//! URLs as Go's `net/url` reads them: what counts is whether the API server can read one, and its parts.

/// The parts of a URL that the API server asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Url<'a> {
    /// The scheme as it is written; empty where there is none.
    pub scheme: &'a str,
    /// Host and port.
    pub host: &'a str,
    /// Whether it names a user.
    pub user: bool,
    /// What follows `?`.
    pub query: &'a str,
    /// What follows `#`.
    pub fragment: &'a str,
}

/// Whether a text is a URL with scheme and host, read as the target of a request: without a fragment.
pub fn is_absolute(text: &str) -> bool {
    read(text, "").is_some_and(|url| !url.scheme.is_empty() && !url.host.is_empty())
}

/// Whether a text is the target of a request (`ParseRequestURI`): with a scheme, or a path from the root.
pub fn is_request(text: &str) -> bool {
    text == "*" || read(text, "").is_some_and(|url| !url.scheme.is_empty() || text.starts_with('/'))
}

/// The parts of a URL; `None` where Go cannot read it.
pub fn parse(text: &str) -> Option<Url<'_>> {
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    if escapes_are_sound(fragment) { read(text, fragment) } else { None }
}

fn read<'a>(text: &'a str, fragment: &'a str) -> Option<Url<'a>> {
    if text.bytes().chain(fragment.bytes()).any(|byte| byte < b' ' || byte == 0x7f) {
        return None;
    }
    let (scheme, rest) = scheme(text)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut url = Url { scheme, host: "", user: false, query, fragment };
    if !rest.starts_with('/') {
        let first = rest.split('/').next().unwrap_or_default();
        return (!scheme.is_empty() || !first.contains(':') && escapes_are_sound(rest)).then_some(url);
    }
    let has_authority = !scheme.is_empty() || !rest.starts_with("///");
    let Some(authority) = rest.strip_prefix("//").filter(|_| has_authority) else {
        return escapes_are_sound(rest).then_some(url);
    };
    let (authority, path) = authority.split_at(authority.find('/').unwrap_or(authority.len()));
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let sound = user.is_none_or(is_user) && is_host(host, scheme) && escapes_are_sound(path);
    url.host = host;
    url.user = user.is_some();
    sound.then_some(url)
}

/// The scheme, and what is behind it; `None` where a colon comes first.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let Some((scheme, rest)) = text.split_once(':') else { return Some(("", text)) };
    let first = scheme.chars().next()?;
    let proper = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    Some(if first.is_ascii_alphabetic() && scheme.bytes().all(proper) { (scheme, rest) } else { ("", text) })
}

fn is_user(text: &str) -> bool {
    let proper = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
    text.bytes().all(proper) && escapes_are_sound(text)
}

fn is_host(text: &str, scheme: &str) -> bool {
    if let Some(inner) = text.strip_prefix('[') {
        return inner.rsplit_once(']').is_some_and(|(address, port)| is_address(address) && is_port(port));
    }
    let web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let colon = if web { text.find(':') } else { text.rfind(':') };
    let (name, port) = text.split_at(colon.unwrap_or(text.len()));
    !name.contains('[') && is_port(port) && name.bytes().all(is_host_byte) && host_escapes_are_sound(name)
}

fn is_host_byte(byte: u8) -> bool {
    !byte.is_ascii() || byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&byte)
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// An IPv6 address, perhaps with a zone.
fn is_address(text: &str) -> bool {
    let (address, zone) = text.split_once("%25").unwrap_or((text, "zone"));
    address.parse::<std::net::Ipv6Addr>().is_ok() && !zone.is_empty() && escapes_are_sound(zone)
}

/// Whether every `%` is followed by two hexadecimal digits.
fn escapes_are_sound(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()))
}

/// In a host only bytes beyond ASCII, and `%` itself, may be escaped.
fn host_escapes_are_sound(text: &str) -> bool {
    let allowed =
        |rest: &str| rest.starts_with("25") || !rest.starts_with(|first: char| first.is_ascii_digit() && first < '8');
    escapes_are_sound(text) && text.split('%').skip(1).all(allowed)
}

#[cfg(test)]
mod tests {
    use super::{Url, is_absolute, is_request, parse};

    #[test]
    fn urls_are_read_as_go_reads_them() {
        let url = Url { scheme: "https", host: "a.example:443", user: false, query: "", fragment: "" };
        assert_eq!(parse("https://a.example:443/x/y"), Some(url));
        assert_eq!(parse("https://a.example:443?b=c#d"), Some(Url { query: "b=c", fragment: "d", ..url }));
        assert_eq!(parse("https://u:p@a.example:443"), Some(Url { user: true, ..url }));
        assert_eq!(parse("https:a.example"), Some(Url { host: "", ..url }));
        assert_eq!(parse("a.example/x"), Some(Url { scheme: "", host: "", ..url }));
        for sound in [
            "",
            "*",
            "https://",
            "HTTPS://[::1]:8443",
            "https://[fe80::1%25en0]/",
            "///x",
            "https://é.example",
            "https://a%c3b",
        ] {
            assert!(parse(sound).is_some(), "{sound}");
        }
        for unsound in [
            ":x",
            "1.2.3.4:443/x",
            "https://a b",
            "https://a:b",
            "https://a:1:2",
            "https://[::1",
            "https://[1.2.3.4]",
            "https://a/%zz",
            "https://a/#%2",
            "https://a\u{7f}",
            "https://u^@a",
            "https://a%41",
            "https://a\\b",
        ] {
            assert_eq!(parse(unsound), None, "{unsound}");
        }
    }

    #[test]
    fn a_request_has_a_scheme_or_a_path() {
        for request in ["*", "/", "/a?b#c", "//a", "http://[::1]/", "mailto:a@b", "a:", "urn:x:y"] {
            assert!(is_request(request), "{request}");
        }
        for other in ["", "a", "a/b", "?a", ":a", "http://[::1", "http://a b", "/%zz", "http://a:b"] {
            assert!(!is_request(other), "{other}");
        }
    }

    #[test]
    fn an_approval_is_an_absolute_url() {
        for absolute in ["https://github.com/kubernetes/kubernetes/pull/1", "http://x", "a+b://x?y"] {
            assert!(is_absolute(absolute), "{absolute}");
        }
        for other in ["", "x", "/x", "//x", "https:", "https:///x", "mailto:a@b", "https://"] {
            assert!(!is_absolute(other), "{other}");
        }
    }
}
