//! From a field's path, as the API server writes it, to the node of the manifest.

use crate::manifest::{Node, Value};

/// What the API server's own form of a definition has once, where all versions agree in it
/// (kubernetes/apiextensions-apiserver, `pkg/apis/apiextensions/v1/conversion.go`), and where it is written.
const HOISTED: [(&str, &str); 5] = [
    ("spec.validation", "spec.versions[0].schema"),
    ("spec.subresources", "spec.versions[0].subresources"),
    ("spec.additionalPrinterColumns", "spec.versions[0].additionalPrinterColumns"),
    ("spec.selectableFields", "spec.versions[0].selectableFields"),
    ("spec.version", "spec.versions[0].name"),
];

/// The path of a field as the manifest has it. Of a definition whose versions are alike the API server speaks as if they
/// were one; then it is the first.
pub(super) fn written(path: &str, root: &Node) -> String {
    let path = path.trim_start_matches('.');
    for (hoisted, place) in HOISTED {
        let rest = path.strip_prefix(hoisted).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        let key = hoisted.trim_start_matches("spec.");
        if let Some(rest) = rest.filter(|_| root.at(&["spec", key]).is_none()) {
            return format!("{place}{rest}");
        }
    }
    path.to_owned()
}

/// The node of a path, or the deepest part of it that is written; `None` where nothing of it is.
///
/// Keys stand after a point or between brackets and may hold both themselves: of several that fit the longest is taken.
pub(super) fn find<'a>(path: &str, root: &'a Node) -> Option<&'a Node> {
    let dotted = format!(".{path}");
    let (mut rest, mut found) = (dotted.as_str(), root);
    while let Some((node, after)) = step(found, rest) {
        (found, rest) = (node, after);
    }
    (rest.len() < dotted.len()).then_some(found)
}

/// The node that a path begins with below another, and the rest of the path.
fn step<'a, 'p>(node: &'a Node, path: &'p str) -> Option<(&'a Node, &'p str)> {
    match &node.value {
        Value::Mapping(entries) => {
            let fitting = entries.iter().filter_map(|(key, value)| Some((value, after(key.text()?, path)?)));
            fitting.min_by_key(|(_, rest)| rest.len())
        }
        Value::Sequence(items) => {
            let (place, rest) = path.strip_prefix('[')?.split_once(']')?;
            let item = match place.split_once('=') {
                // As server-side apply names the items of its lists: `[name="v1"]`.
                Some((key, value)) => {
                    items.iter().find(|item| item.get(key).and_then(Node::text) == Some(value.trim_matches('"')))
                }
                None => items.get(place.parse::<usize>().ok()?),
            };
            Some((item?, rest))
        }
        Value::Scalar { .. } => None,
    }
}

/// What follows a key at the start of a path.
fn after<'p>(key: &str, path: &'p str) -> Option<&'p str> {
    let pointed = path.strip_prefix('.').and_then(|path| path.strip_prefix(key));
    let bracketed = || path.strip_prefix('[')?.strip_prefix(key)?.strip_prefix(']');
    pointed.or_else(bracketed).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::{find, written};
    use crate::manifest;

    const DEFINITION: &str = "\
kind: CustomResourceDefinition
apiVersion: apiextensions.k8s.io/v1
spec:
  scope: Cluster
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          properties:
            a: {type: string}
            a.b: {type: string}
            'c]d': {properties: {e: {}}}
            '': {type: string}
    - name: v2
      served: true
";

    fn line(path: &str) -> Option<u32> {
        let file = manifest::read("x.yaml".parse().expect("a path"), DEFINITION.as_bytes());
        let root = &file.objects.first().expect("an object").node;
        find(&written(path, root), root).map(|node| node.start.line)
    }

    #[test]
    fn paths_of_the_api_server_lead_to_their_lines() {
        let schema = "spec.validation.openAPIV3Schema.properties";
        for (path, wanted) in [
            ("spec.scope".to_owned(), Some(4)),
            (".spec.versions[1].served".to_owned(), Some(15)),
            ("spec.versions[name=\"v2\"].served".to_owned(), Some(15)),
            (format!("{schema}[a].type"), Some(10)),
            (format!("{schema}[a.b].type"), Some(11)),
            (format!("{schema}.a.b.type"), Some(11)),
            (format!("{schema}[c]d].properties[e].x"), Some(12)),
            (format!("{schema}[].type"), Some(13)),
            ("spec.version".to_owned(), Some(6)),
            // The deepest part that is there.
            ("spec.versions[1].schema.openAPIV3Schema".to_owned(), Some(14)),
            ("spec.versions[9]".to_owned(), Some(6)),
            ("spec.versions[-1]".to_owned(), Some(6)),
            ("spec.subresources.status".to_owned(), Some(6)),
            ("status".to_owned(), None),
            (String::new(), None),
            ("<nil>".to_owned(), None),
            ("[[[]]]..[".to_owned(), None),
        ] {
            assert_eq!(line(&path), wanted, "{path}");
        }
    }
}
