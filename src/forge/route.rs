use std::fmt::Write as _;

/// A route of GitHub's description and the path that it becomes. Every value is percent-encoded,
/// so no value can add a path part, a query or a fragment of its own.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) template: &'static str,
    pub(super) path: String,
}

impl Route {
    /// Fills the `{name}` places of `template` with `values` in order. A place written `{+name}`
    /// keeps the slashes of its value (file paths, branch names).
    pub(super) fn new(template: &'static str, values: &[&str]) -> Self {
        let mut path = String::with_capacity(template.len() + 32);
        let mut rest = template;
        let mut values = values.iter();
        while let Some((before, after)) = rest.split_once('{') {
            path.push_str(before);
            let (place, after) = after.split_once('}').unwrap_or((after, ""));
            let value = values.next().copied().unwrap_or_default();
            encode(&mut path, value, place.starts_with('+'));
            rest = after;
        }
        path.push_str(rest);
        Self { template, path }
    }

    /// Adds `name=value` to the query.
    pub(super) fn query(mut self, name: &str, value: &str) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(name);
        self.path.push('=');
        encode(&mut self.path, value, false);
        self
    }
}

fn encode(out: &mut String, value: &str, keep_slashes: bool) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (keep_slashes && byte == b'/') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test]
    fn values_cannot_leave_their_place() {
        let route = Route::new("/repos/{owner}/{repo}/contents/{+path}", &["o", "a/../b?x#y", "dir/größe"]);
        assert_eq!(route.path, "/repos/o/a%2F..%2Fb%3Fx%23y/contents/dir/gr%C3%B6%C3%9Fe");
        assert_eq!(route.query("ref", "a&b").path.rsplit_once('?').expect("a query").1, "ref=a%26b");
    }
}
