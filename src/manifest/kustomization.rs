//! Kustomization files: everything in them that names other files.

use super::read::holds_kustomization;
use super::{ManifestFile, Node};

/// What a kustomization does with something that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryRole {
    /// Objects from a file, or from a directory with a kustomization of its own: they are applied.
    Resource,
    /// A directory with a component, or configuration of a plug-in: a file or a directory.
    Configuration,
    /// A file whose objects change others and are not applied themselves.
    Patch,
    /// A file that is data: of a generator, of a chart, a schema.
    Data,
}

/// Where an entry points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryPlace {
    /// A file or directory of the same repository.
    Local,
    /// Another repository or a URL: kustomize fetches it.
    Remote,
}

/// One thing that a kustomization names.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The field that holds it, such as `resources` or `configMapGenerator`.
    pub field: &'static str,
    /// What is done with it.
    pub role: EntryRole,
    /// Where it points.
    pub place: EntryPlace,
    /// The path or URL.
    pub text: String,
    /// The node that holds it; in a generator's `key=path` the path is only a part of it.
    pub node: Node,
    /// What a patch file changes, where the kustomization says it and not the file.
    pub target: Option<PatchTarget>,
}

/// Which objects a patch is for: kustomize takes both for regular expressions, and nothing for any.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct PatchTarget {
    /// The API group.
    pub group: Option<String>,
    /// The kind.
    pub kind: Option<String>,
}

impl PatchTarget {
    /// What a selector names.
    pub fn of(selector: &Node) -> Self {
        let text = |key| selector.get(key).and_then(words).filter(|text| !text.is_empty()).map(str::to_owned);
        Self { group: text("group"), kind: text("kind") }
    }
}

/// A kustomization file, read.
#[derive(Debug, Clone, Default)]
pub struct Kustomization {
    /// What it names, in the order of the fields.
    pub entries: Vec<Entry>,
    /// `namespace`: put into every namespaced object.
    pub namespace: Option<(String, Node)>,
    /// `namespace` of generators, whose objects then stand there.
    pub generator_namespaces: Vec<(String, Node)>,
    /// `namePrefix`, put before every name.
    pub prefix: String,
    /// `nameSuffix`, put behind every name.
    pub suffix: String,
    /// Whether it is a component, which changes what the kustomization that names it has gathered.
    pub is_component: bool,
    /// Whether it makes ConfigMaps or Secrets that stand in no file.
    pub generates: bool,
    /// Whether plug-ins or charts make objects that stand in no file.
    pub has_plugins: bool,
    /// Whether it changes fields of objects: by patches, replacements, components or plug-ins.
    pub patches: bool,
}

/// What may change any field of an object.
const CHANGING: [&str; 6] =
    ["patches", "patchesJson6902", "patchesStrategicMerge", "replacements", "components", "transformers"];

const RESOURCES: [(&str, EntryRole); 8] = [
    ("resources", EntryRole::Resource),
    ("bases", EntryRole::Resource),
    ("components", EntryRole::Resource),
    ("crds", EntryRole::Data),
    ("configurations", EntryRole::Data),
    ("generators", EntryRole::Configuration),
    ("transformers", EntryRole::Configuration),
    ("validators", EntryRole::Configuration),
];

const GENERATORS: [&str; 2] = ["configMapGenerator", "secretGenerator"];

const PLUGINS: [&str; 4] = ["generators", "transformers", "helmCharts", "helmChartInflationGenerator"];

impl Kustomization {
    /// The kustomization in a file; `None` for a file that holds none or could not be read.
    pub fn of(file: &ManifestFile) -> Option<Self> {
        if !holds_kustomization(file) || !file.problems.is_empty() {
            return None;
        }
        let mut kustomization = Self::default();
        if let Some(root) = file.documents.first() {
            kustomization.read(root);
        }
        Some(kustomization)
    }

    fn read(&mut self, root: &Node) {
        for (field, role) in RESOURCES {
            self.add_list(field, role, root.get(field));
        }
        self.add_list("patchesStrategicMerge", EntryRole::Patch, root.get("patchesStrategicMerge"));
        for field in ["patches", "patchesJson6902", "replacements"] {
            for item in root.get(field).into_iter().flat_map(Node::items) {
                // Always a path, whatever it looks like.
                if let Some((path, node)) = named(item, "path") {
                    self.put(field, EntryRole::Patch, &path, &node);
                    let target = item.get("target").map(PatchTarget::of);
                    self.entries.iter_mut().next_back().into_iter().for_each(|entry| entry.target = target.clone());
                }
            }
        }
        self.add("openapi", EntryRole::Data, root.at(&["openapi", "path"]));
        for field in GENERATORS {
            for generator in root.get(field).into_iter().flat_map(Node::items) {
                self.add_generator(field, generator);
            }
        }
        for chart in root.get("helmCharts").into_iter().flat_map(Node::items) {
            self.add("helmCharts", EntryRole::Data, chart.get("valuesFile"));
            self.add_list("helmCharts", EntryRole::Data, chart.get("additionalValuesFiles"));
        }
        self.patches = CHANGING.iter().any(|field| root.get(field).is_some_and(|list| list.items().next().is_some()));
        self.namespace = named(root, "namespace");
        let text = |key| named(root, key).map(|(text, _)| text).unwrap_or_default();
        (self.prefix, self.suffix) = (text("namePrefix"), text("nameSuffix"));
        let has = |field: &&str| root.get(field).is_some_and(|list| list.items().next().is_some());
        self.generates = GENERATORS.iter().any(has);
        self.has_plugins = PLUGINS.iter().any(has);
        self.is_component = root.get("kind").and_then(Node::as_str) == Some("Component");
    }

    fn add_generator(&mut self, field: &'static str, generator: &Node) {
        for item in generator.get("files").into_iter().flat_map(Node::items) {
            // `key=path`, or a path alone.
            let Some(text) = words(item) else { continue };
            let path = text.split_once('=').map_or(text, |(_, path)| path);
            self.push(field, EntryRole::Data, path, item);
        }
        self.add_list(field, EntryRole::Data, generator.get("envs"));
        self.add(field, EntryRole::Data, generator.get("env"));
        self.generator_namespaces.extend(named(generator, "namespace"));
    }

    fn add_list(&mut self, field: &'static str, role: EntryRole, list: Option<&Node>) {
        for item in list.into_iter().flat_map(Node::items) {
            self.add(field, role, Some(item));
        }
    }

    fn add(&mut self, field: &'static str, role: EntryRole, item: Option<&Node>) {
        if let Some((text, item)) = item.and_then(|item| Some((words(item)?, item))) {
            self.push(field, role, text, item);
        }
    }

    fn push(&mut self, field: &'static str, role: EntryRole, text: &str, node: &Node) {
        // A patch or a plug-in's configuration may be written out in place of a path.
        let written_out = matches!(role, EntryRole::Patch | EntryRole::Configuration) && is_written_out(text);
        if !text.is_empty() && !written_out {
            self.put(field, role, text, node);
        }
    }

    fn put(&mut self, field: &'static str, role: EntryRole, text: &str, node: &Node) {
        let place = if is_remote(text) { EntryPlace::Remote } else { EntryPlace::Local };
        self.entries.push(Entry { field, role, place, text: text.to_owned(), node: node.clone(), target: None });
    }
}

fn named(node: &Node, key: &str) -> Option<(String, Node)> {
    let value = node.get(key)?;
    let text = words(value).filter(|text| !text.is_empty())?;
    Some((text.to_owned(), value.clone()))
}

/// A scalar as it is written: kustomize reads its own file by other rules than objects (`Node::by_kubectl`), which
/// leave times alone, and refuses what they take for no text (`kustomization/cannot-build`). Null is nothing.
fn words(node: &Node) -> Option<&str> {
    node.text().filter(|_| !node.is_null())
}

fn is_written_out(text: &str) -> bool {
    text.contains('\n') || text.contains(": ") || text.starts_with('{')
}

/// Whether kustomize fetches this from elsewhere (`api/internal/git/repospec.go`): a URL, an SSH
/// address, one of the known hosts, or a path with a Git query.
fn is_remote(text: &str) -> bool {
    const PREFIXES: [&str; 7] = ["git::", "git@", "gh:", "github.com/", "github.com:", "gitlab.com/", "bitbucket.org/"];
    let lower = text.to_ascii_lowercase();
    lower.contains("://")
        || PREFIXES.iter().any(|prefix| lower.starts_with(prefix))
        || lower.contains("?ref=")
        || lower.contains("?version=")
        || lower.contains("&ref=")
        || lower.contains(".git/")
        || lower.contains("/_git/")
}

#[cfg(test)]
mod tests {
    use super::{EntryPlace, EntryRole, Kustomization};
    use crate::manifest::read;

    fn kustomization(text: &str) -> Kustomization {
        let file = read("cluster/kustomization.yaml".parse().expect("a path"), text.as_bytes());
        assert_eq!(file.problems, []);
        Kustomization::of(&file).expect("a kustomization")
    }

    #[test]
    fn everything_that_names_files_is_found() {
        let read = kustomization(
            "namespace: team1\nnamePrefix: x-\nbases:\n- ../base/\nresources: [a.yaml]\ncomponents: [c]\n\
             crds: [crd.json]\npatchesStrategicMerge:\n- p.yaml\n- |\n  kind: A\n\
             patches:\n- path: q.yaml\n- patch: |\n    - op: add\nconfigMapGenerator:\n- name: a\n  namespace: team2\n  \
             files: [k=v.txt, w.txt]\n  envs: [e.env]\ngenerators: [g.yaml]\nopenapi: {path: s.json}\n\
             replacements:\n- path: r.yaml\nhelmCharts:\n- name: x\n  valuesFile: values.yaml\n",
        );
        let entries: Vec<_> = read.entries.iter().map(|entry| (entry.text.as_str(), entry.role)).collect();
        assert_eq!(
            entries,
            [
                ("a.yaml", EntryRole::Resource),
                ("../base/", EntryRole::Resource),
                ("c", EntryRole::Resource),
                ("crd.json", EntryRole::Data),
                ("g.yaml", EntryRole::Configuration),
                ("p.yaml", EntryRole::Patch),
                ("q.yaml", EntryRole::Patch),
                ("r.yaml", EntryRole::Patch),
                ("s.json", EntryRole::Data),
                ("v.txt", EntryRole::Data),
                ("w.txt", EntryRole::Data),
                ("e.env", EntryRole::Data),
                ("values.yaml", EntryRole::Data),
            ]
        );
        assert_eq!((read.prefix.as_str(), read.suffix.as_str()), ("x-", ""));
        assert_eq!(read.namespace.map(|(name, node)| (name, node.start.line)), Some(("team1".to_owned(), 1)));
        assert_eq!(read.generator_namespaces.len(), 1);
    }

    #[test]
    fn null_is_nothing_and_a_time_stays_as_it_is_written() {
        let read = kustomization(
            "namespace: ~\nnamePrefix: null\nnameSuffix: 2024-1-2\nresources: [2024-1-2, ~]\n\
             patches: [{path: ~}, {path: p.yaml, target: {kind: ~, group: 2024-1-2}}]\n",
        );
        assert!(read.namespace.is_none() && read.prefix.is_empty());
        assert_eq!(read.suffix, "2024-1-2");
        let entries: Vec<_> = read.entries.iter().map(|entry| entry.text.as_str()).collect();
        assert_eq!(entries, ["2024-1-2", "p.yaml"]);
        let target = read.entries[1].target.clone().expect("a target");
        assert_eq!((target.kind, target.group.as_deref()), (None, Some("2024-1-2")));
    }

    #[test]
    fn remote_entries_are_told_from_local_ones() {
        for (text, place) in [
            ("github.com/fluxcd/flagger/kustomize/base", EntryPlace::Remote),
            ("https://example.com/x.yaml", EntryPlace::Remote),
            ("git::https://x/y", EntryPlace::Remote),
            ("git@github.com:a/b", EntryPlace::Remote),
            ("example.com/a/b//c?ref=v1", EntryPlace::Remote),
            ("../base/team1", EntryPlace::Local),
            ("v1.2/a.yaml", EntryPlace::Local),
        ] {
            assert_eq!(kustomization(&format!("resources:\n- {text}\n")).entries[0].place, place, "{text}");
        }
    }
}
