//! Names that people take for one another.

/// The names of `known` that look like `name`, in order; one that differs in its numbers does not, but for numbers that
/// look like letters.
pub(super) fn alike<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = known.filter(|other| *other != name && look_alike(name, other)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn look_alike(one: &str, other: &str) -> bool {
    if shape(one) == shape(other) {
        return true;
    }
    let long = one.len().min(other.len()) >= 5;
    long && digits(one) == digits(other) && strsim::damerau_levenshtein(one, other) == 1
}

fn digits(name: &str) -> String {
    name.chars().filter(char::is_ascii_digit).collect()
}

/// What is seen of a name at a glance: letters that look alike are one.
fn shape(name: &str) -> String {
    let one = name.replace("rn", "m").replace("vv", "w").replace("cl", "d").replace('-', "");
    one.chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | 'i' | 'j' => 'l',
            '5' => 's',
            '2' => 'z',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn look_alikes_and_typing_errors() {
        for (name, other) in [
            ("team1", "teaml"),
            ("team1", "tearn1"),
            ("payments", "payment"),
            ("payments", "paymnets"),
            ("data-platform", "dataplatform"),
            ("shop0", "shopo"),
        ] {
            assert_eq!(alike(name, [other].into_iter()), [other], "{name}");
            assert_eq!(alike(other, [name].into_iter()), [name], "{other}");
        }
        for (name, other) in [
            ("team1", "team2"),
            ("team1", "team11"),
            ("teaml", "team2"),
            ("web", "wet"),
            ("shop", "data"),
            ("team1", "team1"),
        ] {
            assert!(alike(name, [other].into_iter()).is_empty(), "{name} {other}");
        }
    }
}
