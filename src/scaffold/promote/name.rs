//! What a promoted object's file is called.

use sha2::{Digest as _, Sha256};

use crate::names::TeamName;
use crate::tenancy::ObjectId;

/// Bytes of a file's name; file systems end at 255.
const LONGEST: usize = 200;

/// Names for the object's file, the preferred one first: `team1-clusterrole-reader.yaml`, of `a-z`, `0-9`, `.` and `-` alone.
/// Always the same for one object. The second has a part of the hash of what the first does not show (upper case,
/// `:`), and of the whole where the first is taken.
pub(super) fn candidates(team: &TeamName, id: &ObjectId) -> Vec<String> {
    let plain = format!("{team}-{}-{}", id.kind, id.name);
    let fitting: String = plain.chars().map(fit).take(LONGEST).collect();
    let exact = format!("{team}/{}/{}/{}", id.group, id.kind, id.name);
    let hash = hex::encode(&Sha256::digest(exact.as_bytes())[..6]);
    let hashed = format!("{fitting}-{hash}.yaml");
    let shows_it = id.name.chars().all(|character| fit(character) == character) && plain.len() <= LONGEST;
    if shows_it { vec![format!("{fitting}.yaml"), hashed] } else { vec![hashed] }
}

fn fit(character: char) -> char {
    match character.to_ascii_lowercase() {
        fits @ ('a'..='z' | '0'..='9' | '.' | '-') => fits,
        _ => '-',
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::candidates;
    use crate::manifest::insert_list_entry;
    use crate::names::RepoPath;
    use crate::tenancy::ObjectId;

    fn names(name: &str) -> Vec<String> {
        let id = ObjectId {
            group: "rbac.authorization.k8s.io".to_owned(),
            kind: "ClusterRole".to_owned(),
            namespace: None,
            name: name.to_owned(),
        };
        candidates(&"team1".parse().expect("a team"), &id)
    }

    #[test]
    fn a_name_that_is_not_shown_whole_is_told_apart_by_a_hash() {
        assert_eq!(names("reader")[0], "team1-clusterrole-reader.yaml");
        assert!(names("reader")[1].starts_with("team1-clusterrole-reader-"));
        let odd = ["a:b", "a-b", "A-b", "a_b", "a/b", "a\u{e4}b"].map(|name| names(name).remove(0));
        let different: std::collections::BTreeSet<&String> = odd.iter().collect();
        assert_eq!(different.len(), odd.len(), "{odd:?}");
        assert_eq!(names(&"x".repeat(300)).len(), 1);
    }

    proptest! {
        #[test]
        fn whatever_an_object_is_called_its_file_is_one_that_a_list_can_name(name in any::<String>()) {
            for file in names(&name) {
                prop_assert!(file.len() < 255 && file.bytes().all(|byte| b"abcdefghijklmnopqrstuvwxyz0123456789.-".contains(&byte)));
                let path: RepoPath = file.parse().expect("a path");
                prop_assert_eq!(path.directory(), "");
                let list = insert_list_entry("resources:\n- a.yaml\n", &["resources"], &file);
                prop_assert_eq!(list, Ok(format!("resources:\n- a.yaml\n- {file}\n")));
            }
        }
    }
}
