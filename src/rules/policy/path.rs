//! Which paths a pattern is for.

/// `*` stands for any part of one name, `**` for any number of directories; a directory's own
/// path fits everything below it. However many `**` there are, the time is that of one walk per part.
pub(super) fn fits(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.trim_end_matches('/').split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    let (mut at, mut place) = (0, 0);
    // Behind the last `**`, and how much of the path that one has taken.
    let mut again: Option<(usize, usize)> = None;
    while let Some(part) = pattern.get(at) {
        if *part == "**" {
            at += 1;
            again = Some((at, place));
        } else if path.get(place).is_some_and(|name| name_fits(part, name)) {
            (at, place) = (at + 1, place + 1);
        } else {
            match again {
                Some((behind, taken)) if taken < path.len() => {
                    again = Some((behind, taken + 1));
                    (at, place) = (behind, taken + 1);
                }
                _ => return false,
            }
        }
    }
    true
}

fn name_fits(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_stay_inside_one_name() {
        for (pattern, path, fit) in [
            ("a/*.yaml", "a/b.yaml", true),
            ("a/*.yaml", "a/b/c.yaml", false),
            ("**/c.yaml", "a/b/c.yaml", true),
            ("**/c.yaml", "a/b/c.yaml/d", true),
            ("**/c.yaml", "a/b/d.yaml", false),
            ("a/**/c.yaml", "a/c.yaml", true),
            ("a/**/b/**/c", "a/x/b/y/b/c", true),
            ("a/**/b/**/c", "a/x/y/c", false),
            ("**/a/b", "a/a/b", true),
            ("a/**", "a", true),
            ("a", "a/b.yaml", true),
            ("a", "ab", false),
            ("a*c*", "abcd", true),
            ("a*c", "abcd", false),
            ("a/b.yaml/c", "a/b.yaml", false),
        ] {
            assert_eq!(fits(pattern, path), fit, "{pattern} {path}");
        }
    }

    #[test]
    fn many_stars_take_no_longer_than_few() {
        let (pattern, path) = (format!("{}b", "**/a/".repeat(500)), "a/".repeat(2_000));
        assert!(!fits(&pattern, &path));
    }
}
