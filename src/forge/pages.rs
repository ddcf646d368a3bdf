/// The address of the next page in a `Link` header (RFC 8288): the target whose relation is `next`.
pub(super) fn next_link(header: &str) -> Option<&str> {
    header.split(',').find_map(|link| {
        let (target, parameters) = link.split_once(';')?;
        let is_next = parameters.split(';').any(|parameter| {
            let parameter = parameter.trim();
            parameter == r#"rel="next""# || parameter == "rel=next"
        });
        if is_next { target.trim().strip_prefix('<')?.strip_suffix('>') } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::next_link;

    #[test]
    fn only_the_next_relation_counts() {
        let header = r#"<https://x/r?page=1>; rel="prev", <https://x/r?page=3>; rel="next", <https://x/r>; rel="last""#;
        assert_eq!(next_link(header), Some("https://x/r?page=3"));
        assert_eq!(next_link(r#"<https://x/r?page=1>; rel="prev""#), None);
        assert_eq!(next_link("nonsense"), None);
    }
}
