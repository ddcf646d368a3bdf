/// The address of the next page in a `Link` header (RFC 8288): the target whose relation is `next`.
/// Targets may hold commas and semicolons, relations several words, and names are read without case.
pub(super) fn next_link(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some((_, link)) = rest.split_once('<') {
        let (target, after) = link.split_once('>')?;
        let parameters = after.split('<').next().unwrap_or_default();
        if parameters.split([';', ',']).any(is_next) {
            return Some(target.trim());
        }
        rest = after;
    }
    None
}

fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
    name.trim().eq_ignore_ascii_case("rel") && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
}

/// The path of the page after `page` by number: for a full page of a server that sends no links.
pub(super) fn numbered(path: &str, page: usize) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let kept = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("page="));
    let next = format!("page={}", page + 1);
    let query: Vec<&str> = kept.chain([next.as_str()]).collect();
    format!("{path}?{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::{next_link, numbered};

    #[test]
    fn only_the_next_relation_counts() {
        let header = r#"<https://x/r?page=1>; rel="prev", <https://x/r?page=3>; rel="next", <https://x/r>; rel="last""#;
        assert_eq!(next_link(header), Some("https://x/r?page=3"));
        assert_eq!(next_link(r#"<https://x/r?page=1>; rel="prev""#), None);
        assert_eq!(next_link("nonsense"), None);
        assert_eq!(next_link("<https://x/r"), None);
    }

    #[test]
    fn links_are_read_as_the_standard_has_them() {
        assert_eq!(next_link("<?page=2>;REL=next"), Some("?page=2"));
        assert_eq!(
            next_link(r#"<https://x/a,b;c?page=2>; title="x"; rel="last next""#),
            Some("https://x/a,b;c?page=2")
        );
        assert_eq!(next_link(r#"</r?page=1>; rel="first",</r?page=2>; rel="next""#), Some("/r?page=2"));
        assert_eq!(next_link(r#"</r?page=2>; rel="nextish""#), None);
    }

    #[test]
    fn a_page_is_named_by_its_number_where_nothing_else_names_it() {
        assert_eq!(numbered("/r?state=open&per_page=100", 1), "/r?state=open&per_page=100&page=2");
        assert_eq!(numbered("/r?page=2&per_page=100", 2), "/r?per_page=100&page=3");
        assert_eq!(numbered("/r", 1), "/r?page=2");
    }
}
