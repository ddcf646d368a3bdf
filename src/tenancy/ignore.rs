//! Patterns of `.sourceignore`, read as Flux reads them.
//!
//! Facts: fluxcd/pkg `sourceignore/gitignore` (a copy of go-git's matcher, which is not git's: a file may be taken in
//! again below a directory that is left out), and Go's `path/filepath.Match` for one part of a path.

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The directory below which it counts, in parts.
    domain: Vec<String>,
    parts: Vec<Vec<char>>,
    /// Written with `!`: takes in again.
    includes: bool,
    only_directories: bool,
    /// With a slash in it: compared from the domain on.
    is_path: bool,
}

/// The lines that count (`ReadPatterns`).
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty())
}

impl Pattern {
    /// A line in the file of a directory, empty for the root (`ParsePattern`).
    pub(super) fn of(line: &str, directory: &str) -> Self {
        let includes = line.starts_with('!');
        let mut line = line.strip_prefix('!').unwrap_or(line);
        if !line.ends_with("\\ ") {
            line = line.trim_end_matches(' ');
        }
        let only_directories = line.ends_with('/');
        let line = line.strip_suffix('/').unwrap_or(line);
        Self {
            domain: directory.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            parts: line.split('/').map(|part| part.chars().collect()).collect(),
            includes,
            only_directories,
            is_path: line.contains('/'),
        }
    }

    /// Whether it takes a file in; `None` where it says nothing of it.
    fn says(&self, file: &[&str]) -> Option<bool> {
        let below = file.len() > self.domain.len() && self.domain.iter().zip(file).all(|(own, part)| own == part);
        let file = below.then(|| &file[self.domain.len()..])?;
        let matches = if self.is_path { self.matches_path(file) } else { self.matches_name(file) };
        matches.then_some(self.includes)
    }

    fn matches_name(&self, file: &[&str]) -> bool {
        let Some(place) = file.iter().position(|part| matches(&self.parts[0], part)) else { return false };
        !(self.only_directories && place + 1 == file.len())
    }

    fn matches_path(&self, mut file: &[&str]) -> bool {
        let (mut matched, mut anywhere) = (false, false);
        for (index, part) in self.parts.iter().enumerate() {
            if part.is_empty() {
                anywhere = false;
                continue;
            }
            if *part == ['*', '*'] {
                anywhere = index + 1 < self.parts.len();
                continue;
            }
            if part.windows(2).any(|pair| pair == ['*', '*']) || file.is_empty() {
                return false;
            }
            let reach = if std::mem::take(&mut anywhere) { file.len() } else { 1 };
            match file[..reach].iter().position(|name| matches(part, name)) {
                Some(place) => (matched, file) = (true, &file[place + 1..]),
                None => return false,
            }
        }
        matched && !(self.only_directories && file.is_empty())
    }
}

/// Whether patterns take a file in or leave it out: the last one counts that says anything.
pub(super) fn takes_in(patterns: &[Pattern], path: &str) -> Option<bool> {
    let parts: Vec<&str> = path.split('/').collect();
    patterns.iter().rev().find_map(|pattern| pattern.says(&parts))
}

/// Go's `filepath.Match`, false for a pattern that it refuses.
fn matches(mut pattern: &[char], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let mut name = &name[..];
    if !is_proper(pattern) {
        return false;
    }
    while !pattern.is_empty() {
        let star = pattern[0] == '*';
        let from = pattern.iter().position(|character| *character != '*').unwrap_or(pattern.len());
        let end = from + chunk_length(&pattern[from..]);
        let chunk = &pattern[from..end];
        pattern = &pattern[end..];
        if chunk.is_empty() {
            return true;
        }
        let fits = |skipped: &usize| {
            let rest = matches_chunk(chunk, &name[*skipped..])?;
            (!pattern.is_empty() || rest.is_empty()).then_some(rest)
        };
        let starts = if star { name.len() } else { 0 };
        let Some(rest) = (0..=starts).find_map(|skipped| fits(&skipped)) else { return false };
        name = rest;
    }
    name.is_empty()
}

/// Up to the next star that is one.
fn chunk_length(pattern: &[char]) -> usize {
    let (mut at, mut in_class) = (0, false);
    while at < pattern.len() {
        match pattern[at] {
            '\\' => at += 1,
            '[' => in_class = true,
            ']' => in_class = false,
            '*' if !in_class => return at,
            _ => {}
        }
        at += 1;
    }
    pattern.len()
}

/// What is left of a name behind a chunk that it begins with.
fn matches_chunk<'n>(mut chunk: &[char], mut name: &'n [char]) -> Option<&'n [char]> {
    while let [first, rest @ ..] = chunk {
        let (character, left) = name.split_first()?;
        name = left;
        chunk = match first {
            '[' => {
                let (holds, rest) = class(rest, *character)?;
                holds.then_some(rest)?
            }
            '?' => rest,
            '\\' => {
                let (escaped, rest) = rest.split_first()?;
                (escaped == character).then_some(rest)?
            }
            own => (own == character).then_some(rest)?,
        };
    }
    Some(name)
}

/// Whether a class, behind its bracket, has a character, and what stands behind it; `None` where it is none.
fn class(pattern: &[char], character: char) -> Option<(bool, &[char])> {
    let negated = pattern.first() == Some(&'^');
    let mut rest = &pattern[usize::from(negated)..];
    let (mut holds, mut ranges) = (false, 0);
    loop {
        if rest.first() == Some(&']') && ranges > 0 {
            return Some((holds != negated, &rest[1..]));
        }
        let (low, behind) = member(rest)?;
        let (high, behind) = if behind[0] == '-' { member(&behind[1..])? } else { (low, behind) };
        holds |= (low..=high).contains(&character);
        (ranges, rest) = (ranges + 1, behind);
    }
}

/// One character of a class; something stands behind it.
fn member(pattern: &[char]) -> Option<(char, &[char])> {
    let (first, rest) = pattern.split_first()?;
    let (character, rest) = match first {
        '-' | ']' => return None,
        '\\' => rest.split_first()?,
        _ => (first, rest),
    };
    (!rest.is_empty()).then_some((*character, rest))
}

/// Whether Go takes the pattern at all.
fn is_proper(mut pattern: &[char]) -> bool {
    while let [first, rest @ ..] = pattern {
        pattern = match first {
            '\\' if rest.is_empty() => return false,
            '\\' => &rest[1..],
            '[' => match class(rest, ' ') {
                Some((_, rest)) => rest,
                None => return false,
            },
            _ => rest,
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Pattern, lines, matches, takes_in};

    /// Those of Go's own `path/filepath/match_test.go` that its documentation speaks of, and some more.
    #[test]
    fn one_part_is_matched_as_go_does() {
        for (pattern, name, expected) in [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "a", true),
            ("a*", "ab", true),
            ("a*b*c*d*e*", "axbxcxdxe", true),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "a☺b", true),
            ("a[^a]b", "a☺b", true),
            ("a???b", "a☺b", false),
            ("[\\]a]", "]", true),
            ("[\\-x]", "-", true),
            ("[]a]", "]", false),
            ("[-]", "-", false),
            ("[x-]", "x", false),
            ("[a-b-c]", "a", false),
            ("[", "a", false),
            ("a[", "a", false),
            ("a[", "ab", false),
            ("*x", "xxx", true),
            ("*.yaml", "a.yaml.yaml", true),
            ("*a*b", "xaxbxb", true),
            ("\\", "a", false),
            ("", "", true),
        ] {
            assert_eq!(matches(&pattern.chars().collect::<Vec<_>>(), name), expected, "{pattern} {name}");
        }
    }

    fn takes(text: &str, path: &str) -> Option<bool> {
        let patterns: Vec<Pattern> = lines(text).map(|line| Pattern::of(line, "")).collect();
        takes_in(&patterns, path)
    }

    #[test]
    fn the_last_pattern_that_says_anything_counts() {
        for (text, path, expected) in [
            ("evil.yaml", "cluster/common/evil.yaml", Some(false)),
            ("# evil.yaml\n\n  \n", "evil.yaml", None),
            ("common", "cluster/common/evil.yaml", Some(false)),
            ("common/", "cluster/common/evil.yaml", Some(false)),
            ("common/", "cluster/common", None),
            ("cluster/common/crds.yaml", "cluster/common/crds.yaml", Some(false)),
            ("common/crds.yaml", "cluster/common/crds.yaml", None),
            ("/cluster", "cluster/common/crds.yaml", Some(false)),
            ("/common", "cluster/common/crds.yaml", None),
            ("**/crds.yaml", "cluster/common/crds.yaml", Some(false)),
            ("cluster/**", "cluster/common/crds.yaml", Some(false)),
            ("cluster/**/crds.yaml", "cluster/a/b/crds.yaml", Some(false)),
            ("cluster/**/b/*.yaml", "cluster/a/b/crds.yaml", Some(false)),
            ("cluster/**/x/*.yaml", "cluster/a/b/crds.yaml", None),
            ("a**b/c", "aab/c", None),
            ("/*\n!/cluster", "cluster/common/crds.yaml", Some(true)),
            ("/*\n!/cluster", "docs/a.yaml", Some(false)),
            ("!a.yaml\n*.yaml", "a.yaml", Some(false)),
            ("a.yaml   ", "a.yaml", Some(false)),
            ("*.yaml\r\n", "a.yaml", Some(false)),
        ] {
            assert_eq!(takes(text, path), expected, "{text:?} {path}");
        }
        let inner = [Pattern::of("*.yaml", "a/b")];
        assert_eq!(takes_in(&inner, "a/b/x.yaml"), Some(false));
        assert_eq!((takes_in(&inner, "a/x.yaml"), takes_in(&inner, "a/b")), (None, None));
    }
}
