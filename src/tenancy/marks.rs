//! What labels and annotations tell Flux to do with an object.

use crate::manifest::Node;

/// What an object, or those that something labels and annotates, tell Flux.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// Whether Flux deletes the object and makes it anew where the API server refuses a change.
    pub force: bool,
    /// Whether Flux leaves the object when nothing says it any more; `None` where nothing is written about it.
    pub kept: Option<bool>,
}

const FORCE: &str = "kustomize.toolkit.fluxcd.io/force";
/// Each with the value that keeps an object (kustomize-controller, `deleteObjects`).
const KEEP: [(&str, &str); 3] = [
    ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
    ("kustomize.toolkit.fluxcd.io/reconcile", "disabled"),
    ("kustomize.toolkit.fluxcd.io/ssa", "Ignore"),
];
const BIT_FORCE: usize = 1;
const BIT_KEPT: usize = 2;
const BIT_NOT_KEPT: usize = 4;

impl Marks {
    /// What the labels and annotations of an object say. Flux takes both alike, and values whatever their case
    /// (fluxcd/pkg, `ssa/utils/meta.go`, `AnyInMetadata`).
    pub fn of_object(root: &Node) -> Self {
        Self::of_metadata(root.get("metadata"))
    }

    /// The same of something with `labels` and `annotations`.
    pub fn of_metadata(metadata: Option<&Node>) -> Self {
        let pairs = ["labels", "annotations"].into_iter().filter_map(|key| metadata?.get(key));
        pairs.fold(Self::default(), |marks, pairs| marks.and(Self::of_pairs(pairs)))
    }

    /// What a kustomization file puts on everything: `commonLabels`, `commonAnnotations`, `labels`.
    pub fn of_kustomization(root: &Node) -> Self {
        let common = ["commonLabels", "commonAnnotations"].into_iter().filter_map(|key| root.get(key));
        let labels = root.get("labels").into_iter().flat_map(Node::items).filter_map(|item| item.get("pairs"));
        common.chain(labels).fold(Self::default(), |marks, pairs| marks.and(Self::of_pairs(pairs)))
    }

    fn of_pairs(pairs: &Node) -> Self {
        let text = |key| pairs.get(key).and_then(Node::text).filter(|text| !text.is_empty());
        let written: Vec<bool> =
            KEEP.iter().filter_map(|(key, value)| text(*key).map(|text| text.eq_ignore_ascii_case(value))).collect();
        Self {
            force: text(FORCE).is_some_and(|text| text.eq_ignore_ascii_case("enabled")),
            kept: (!written.is_empty()).then(|| written.contains(&true)),
        }
    }

    /// Two of the same object: one of them is enough.
    fn and(self, other: Self) -> Self {
        let kept = match (self.kept, other.kept) {
            (Some(one), Some(other)) => Some(one || other),
            (one, other) => one.or(other),
        };
        Self { force: self.force || other.force, kept }
    }

    /// What is left of these once something above has put its own over them.
    #[must_use]
    pub fn under(self, above: Self) -> Self {
        Self { force: self.force || above.force, kept: above.kept.or(self.kept) }
    }

    pub(super) fn number(self) -> usize {
        let kept = match self.kept {
            None => 0,
            Some(true) => BIT_KEPT,
            Some(false) => BIT_NOT_KEPT,
        };
        kept | if self.force { BIT_FORCE } else { 0 }
    }

    pub(super) fn numbered(number: usize) -> Self {
        let is = |bit| number & bit != 0;
        let kept = (is(BIT_KEPT) || is(BIT_NOT_KEPT)).then(|| is(BIT_KEPT));
        Self { force: is(BIT_FORCE), kept }
    }
}

#[cfg(test)]
mod tests {
    use super::Marks;
    use crate::manifest::read;

    fn marks(text: &str, of: impl Fn(&crate::manifest::Node) -> Marks) -> Marks {
        let file = read("a.yaml".parse().expect("a path"), text.as_bytes());
        assert_eq!(file.problems, []);
        of(&file.documents[0])
    }

    #[test]
    fn both_sides_of_an_object() {
        for (text, force, kept) in [
            ("metadata: {annotations: {kustomize.toolkit.fluxcd.io/force: enabled}}", true, None),
            ("metadata: {annotations: {kustomize.toolkit.fluxcd.io/force: Enabled}}", true, None),
            ("metadata: {labels: {kustomize.toolkit.fluxcd.io/force: enabled}}", true, None),
            ("metadata: {annotations: {kustomize.toolkit.fluxcd.io/force: 'true'}}", false, None),
            ("metadata: {annotations: {kustomize.toolkit.fluxcd.io/prune: DISABLED}}", false, Some(true)),
            ("metadata: {annotations: {kustomize.toolkit.fluxcd.io/prune: enabled}}", false, Some(false)),
            ("metadata: {annotations: {kustomize.toolkit.fluxcd.io/reconcile: disabled}}", false, Some(true)),
            ("metadata: {labels: {kustomize.toolkit.fluxcd.io/ssa: ignore}}", false, Some(true)),
            ("metadata: {annotations: {kustomize.toolkit.fluxcd.io/ssa: Merge}}", false, Some(false)),
            ("metadata: {name: x}", false, None),
            ("kind: A", false, None),
        ] {
            assert_eq!(marks(text, Marks::of_object), Marks { force, kept }, "{text}");
        }
    }

    #[test]
    fn what_a_kustomization_puts_on_everything() {
        for (text, force, kept) in [
            ("commonAnnotations: {kustomize.toolkit.fluxcd.io/force: enabled}", true, None),
            ("commonAnnotations: {kustomize.toolkit.fluxcd.io/prune: disabled}", false, Some(true)),
            ("commonLabels: {kustomize.toolkit.fluxcd.io/prune: disabled}", false, Some(true)),
            ("labels: [{pairs: {kustomize.toolkit.fluxcd.io/force: enabled}}]", true, None),
            ("commonAnnotations: {a: b}", false, None),
        ] {
            assert_eq!(marks(text, Marks::of_kustomization), Marks { force, kept }, "{text}");
        }
    }

    #[test]
    fn what_stands_above_wins() {
        let own = Marks { force: false, kept: Some(true) };
        assert_eq!(own.under(Marks { force: true, kept: Some(false) }), Marks { force: true, kept: Some(false) });
        assert_eq!(own.under(Marks::default()), own);
    }

    #[test]
    fn numbers_and_back() {
        for force in [true, false] {
            for kept in [None, Some(true), Some(false)] {
                let marks = Marks { force, kept };
                assert_eq!(Marks::numbered(marks.number()), marks);
            }
        }
    }
}
