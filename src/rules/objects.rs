//! Which objects a change adds, alters and takes away.

use std::collections::BTreeMap;

use crate::finding::{Location, ObjectRef};
use crate::manifest::{ManifestFile, Object};
use crate::tenancy::ObjectId;

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is new.
    Added,
    /// It says something else.
    Altered,
    /// It is there no more.
    Removed,
}

/// An object that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectChange {
    /// How.
    pub fate: Fate,
    /// Which.
    pub object: ObjectRef,
    /// Where it is written: afterwards, or before where it is gone.
    pub at: Location,
}

/// The objects that differ between some files before and after, by their files and lines. What stands twice is not told
/// apart, and what only moved to another file is the same.
pub(super) fn between(before: &[ManifestFile], after: &[ManifestFile]) -> Vec<ObjectChange> {
    let (old, new) = (by_id(before), by_id(after));
    let mut changes = Vec::new();
    for (id, object) in &new {
        match old.get(id) {
            None => changes.push(change(Fate::Added, object)),
            Some(was) if was.node.to_json() != object.node.to_json() => changes.push(change(Fate::Altered, object)),
            Some(_) => {}
        }
    }
    changes.extend(old.iter().filter(|(id, _)| !new.contains_key(*id)).map(|(_, was)| change(Fate::Removed, was)));
    changes.sort_by(|one, other| (&one.at, one.fate).cmp(&(&other.at, other.fate)));
    changes
}

fn by_id(files: &[ManifestFile]) -> BTreeMap<ObjectId, &Object> {
    files.iter().flat_map(|file| &file.objects).map(|object| (ObjectId::of(object), object)).collect()
}

fn change(fate: Fate, object: &Object) -> ObjectChange {
    ObjectChange { fate, object: object.reference(), at: object.location(&object.node) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::read;

    fn file(path: &str, text: &str) -> ManifestFile {
        read(path.parse().expect("a path"), text.as_bytes())
    }

    fn config(name: &str, data: &str) -> String {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{a: {data}}}\n---\n")
    }

    #[test]
    fn objects_are_told_apart_by_what_they_say() {
        let before = [file("a.yaml", &(config("same", "x") + &config("other", "x") + &config("gone", "x")))];
        let after =
            [file("b.yaml", &(config("other", "y") + &config("new", "x") + "# moved\n" + &config("same", "x")))];
        let words: Vec<String> = between(&before, &after)
            .iter()
            .map(|change| format!("{:?} {} {}:{}", change.fate, change.object, change.at.file, change.at.line))
            .collect();
        let wanted =
            ["Removed ConfigMap gone a.yaml:11", "Altered ConfigMap other b.yaml:1", "Added ConfigMap new b.yaml:6"];
        assert_eq!(words, wanted);
    }
}
