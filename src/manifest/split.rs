//! The text of one document out of a file.

use std::collections::BTreeSet;
use std::ops::Range;

use super::lines::BYTE_ORDER_MARK;
use super::{ManifestFile, Node, read};

/// The text of the document whose root a node is, byte for byte as it stands between two lines `---`: with all comments
/// there, and without those lines. `None` where the node is no document of its own (an item of a list), or where the
/// lines do not tell the documents apart.
///
/// The byte gate lets no line start with `---` that is not the end of a document, which is also where kustomize cuts.
pub fn document_text<'f>(file: &'f ManifestFile, root: &Node) -> Option<&'f str> {
    let is_document = file.documents.iter().any(|document| (document.start, document.end) == (root.start, root.end));
    let piece = pieces(&file.source).into_iter().find(|piece| piece.contains(&root.start.offset))?;
    let alone = file.documents.iter().filter(|document| piece.contains(&document.start.offset)).count() == 1;
    (is_document && alone).then(|| &file.source[piece])
}

/// The file's text without the documents of these numbers (from 0, as in [`ManifestFile::documents`]): each goes with
/// what stands around it between two lines `---`, comments too, and with one of these lines. Every other byte stays.
/// `None` where the lines do not tell the documents apart.
pub fn without_documents(file: &ManifestFile, numbers: &BTreeSet<usize>) -> Option<String> {
    let (source, pieces) = (&file.source, pieces(&file.source));
    let place = |root: &Node| pieces.iter().position(|piece| piece.contains(&root.start.offset));
    let places: Vec<usize> = file.documents.iter().map(place).collect::<Option<_>>()?;
    let each: BTreeSet<usize> = places.iter().copied().collect();
    let cut: BTreeSet<usize> = numbers.iter().map(|number| places.get(*number).copied()).collect::<Option<_>>()?;
    let (first, left) = (each.first().copied()?, each.difference(&cut).next().copied());
    // The line before a piece; what is left first stands where the first one stood.
    let line = |number: usize| {
        let before = if Some(number) == left { first } else { number };
        let start = if before == 0 { 0 } else { pieces[before - 1].end };
        &source[start..pieces[before].start]
    };
    let kept = (0..pieces.len()).filter(|number| !cut.contains(number));
    let text: String = kept.flat_map(|number| [line(number), &source[pieces[number].clone()]]).collect();
    let again = read(file.path.clone(), text.as_bytes());
    let whole = again.problems.is_empty() && again.documents.len() + numbers.len() == file.documents.len();
    (whole && each.len() == places.len()).then_some(text)
}

/// What stands between the lines `---`.
fn pieces(source: &str) -> Vec<Range<usize>> {
    let mut at = if source.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let (mut pieces, mut start) = (Vec::new(), at);
    for line in source[at..].split_inclusive('\n') {
        let end = at + line.len();
        if line.starts_with("---") {
            pieces.push(start..at);
            start = end;
        }
        at = end;
    }
    pieces.push(start..at);
    pieces
}

#[cfg(test)]
mod tests {
    use super::{document_text, without_documents};
    use crate::manifest::read;

    fn texts(source: &str) -> Vec<Option<String>> {
        let file = read("x.yaml".parse().expect("a path"), source.as_bytes());
        assert_eq!(file.problems, [], "{source:?}");
        file.objects.iter().map(|object| document_text(&file, &object.node).map(str::to_owned)).collect()
    }

    #[test]
    fn a_document_is_what_stands_between_two_lines() {
        let some = |text: &str| Some(text.to_owned());
        let (one, two) = ("# first\napiVersion: v1\nkind: A # why\n", "\nkind: B\napiVersion: v1\nd: |\n  ---\n  x");
        assert_eq!(texts(&format!("{one}--- # cut\n{two}")), [some(one), some(two)]);
        assert_eq!(texts(&format!("\u{feff}---\n{one}---\n# nothing\n---\n{two}")), [some(one), some(two)]);
        let windows = one.replace('\n', "\r\n");
        assert_eq!(texts(&format!("---\r\n{windows}---\r\n")), [some(&windows)]);
        assert_eq!(
            texts("{\"apiVersion\": \"v1\",\n \"kind\": \"A\"}"),
            [some("{\"apiVersion\": \"v1\",\n \"kind\": \"A\"}")]
        );
    }

    #[test]
    fn documents_go_and_every_other_byte_stays() {
        let without = |source: &str, numbers: &[usize]| {
            let file = read("x.yaml".parse().expect("a path"), source.as_bytes());
            assert_eq!(file.problems, [], "{source:?}");
            without_documents(&file, &numbers.iter().copied().collect())
        };
        let of = |name: &str| format!("# {name}\nkind: {name} # why\napiVersion: v1\n");
        let (a, b, c) = (of("A"), of("B"), of("C"));
        let all = format!("{a}---\n{b}--- # cut\n{c}");
        assert_eq!(without(&all, &[0]), Some(format!("{b}--- # cut\n{c}")));
        assert_eq!(without(&all, &[1]), Some(format!("{a}--- # cut\n{c}")));
        assert_eq!(without(&all, &[2]), Some(format!("{a}---\n{b}")));
        assert_eq!(without(&all, &[0, 1]), Some(c.clone()));
        assert_eq!(without(&all, &[0, 2]), Some(b.clone()));
        assert_eq!(without(&format!("---\n{all}"), &[0]), Some(format!("---\n{b}--- # cut\n{c}")));
        assert_eq!(without(&format!("{all}---\n"), &[1]), Some(format!("{a}--- # cut\n{c}---\n")));
        assert_eq!(without(&all.replace('\n', "\r\n"), &[1]), Some(format!("{a}--- # cut\n{c}").replace('\n', "\r\n")));
        assert_eq!(without(&all, &[3]), None);
    }

    #[test]
    fn an_item_of_a_list_is_no_document() {
        let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n";
        assert_eq!(texts(list), [None]);
    }
}
