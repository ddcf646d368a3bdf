//! The house's own rules: floors, doors, and the size of files and functions. ARCHITECTURE.md
//! explains them; this test keeps them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned as _;
use syn::visit::Visit;

/// A module may import its own floor and lower ones.
const FLOORS: &[(u8, &[&str])] = &[
    (0, &["names", "clock", "redact"]),
    (
        1,
        &[
            "finding", "manifest", "rbac", "rules", "schema", "tenancy", "scaffold", "sops", "command", "config",
            "report",
        ],
    ),
    (2, &["files", "forge", "git", "render", "cluster", "store", "queue"]),
    (3, &["jobs"]),
    (4, &["cli", "sandbox", "web", "telemetry", "fuzzing", "main", "lib"]),
];

/// Only the rooms on the right may use the crate on the left.
const DOORS: &[(&str, &[&str])] = &[
    ("octocrab", &["forge"]),
    ("git2", &["git"]),
    ("kube", &["cluster"]),
    ("sqlx", &["store"]),
    ("libyaml_safer", &["manifest", "config"]),
    ("saphyr_parser", &["manifest"]),
    ("clap", &["cli", "main"]),
    ("aes_gcm", &["sops"]),
    ("bech32", &["sops"]),
];

/// The sandbox is an independent double: were it to share the clients' code, a fault in them would
/// go unseen.
const SANDBOX_MUST_NOT_USE: &[&str] = &["forge", "cluster", "store", "git", "queue", "jobs", "web", "cli"];

const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_LINES: usize = 60;

struct Source {
    path: PathBuf,
    room: String,
    text: String,
    tree: syn::File,
}

fn floor(room: &str) -> u8 {
    FLOORS
        .iter()
        .find(|(_, rooms)| rooms.contains(&room))
        .unwrap_or_else(|| panic!("`{room}` stands on no floor: add it to FLOORS and to ARCHITECTURE.md"))
        .0
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 30, "the sources were found");
    files
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).expect("below src").to_owned();
            let first = inside.components().next().expect("a part").as_os_str().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("a readable source");
            let tree = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            Source { path: inside, room: first.trim_end_matches(".rs").to_owned(), text, tree }
        })
        .collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Whether an item is compiled for tests only.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

/// `tests.rs` or a file below `tests/`: included by a `#[cfg(test)] mod tests;`.
fn is_test_file(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "tests") || path.components().any(|part| part.as_os_str() == "tests")
}

/// First segments of every path that starts with `crate::`, and of every `use`.
#[derive(Default)]
struct Imports {
    rooms: BTreeMap<String, usize>,
    crates: BTreeMap<String, usize>,
}

impl Imports {
    fn note(&mut self, segments: &[String], line: usize) {
        match segments {
            [first, second, ..] if first == "crate" => {
                self.rooms.entry(second.clone()).or_insert(line);
            }
            [first, ..] => {
                self.crates.entry(first.clone()).or_insert(line);
            }
            [] => {}
        }
    }

    fn walk(&mut self, tree: &syn::UseTree, prefix: &mut Vec<String>, line: usize) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.walk(&path.tree, prefix, line);
                prefix.pop();
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.walk(tree, prefix, line)),
            syn::UseTree::Name(name) => self.leaf(name.ident.to_string(), prefix, line),
            syn::UseTree::Rename(name) => self.leaf(name.ident.to_string(), prefix, line),
            syn::UseTree::Glob(_) => self.note(prefix, line),
        }
    }

    fn leaf(&mut self, name: String, prefix: &mut Vec<String>, line: usize) {
        prefix.push(name);
        self.note(prefix, line);
        prefix.pop();
    }
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.walk(&item.tree, &mut Vec::new(), item.span().start().line);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.note(&segments, path.span().start().line);
        }
        syn::visit::visit_path(self, path);
    }
}

fn imports(source: &Source) -> Imports {
    let mut imports = Imports::default();
    if !is_test_file(&source.path) {
        imports.visit_file(&source.tree);
    }
    imports
}

fn must_be_empty(faults: &[String]) {
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_module_imports_a_higher_floor() {
    let mut faults = Vec::new();
    for source in sources() {
        let own = floor(&source.room);
        for (room, line) in imports(&source).rooms {
            if FLOORS.iter().any(|(_, rooms)| rooms.contains(&room.as_str())) && floor(&room) > own {
                faults.push(format!("src/{}:{line} imports `{room}`, a higher floor", source.path.display()));
            }
        }
    }
    must_be_empty(&faults);
}

#[test]
fn each_outside_system_has_one_door() {
    let mut faults = Vec::new();
    for source in sources() {
        for (name, line) in imports(&source).crates {
            let closed = DOORS.iter().any(|(door, rooms)| *door == name && !rooms.contains(&source.room.as_str()));
            if closed {
                faults.push(format!("src/{}:{line} uses `{name}` outside its room", source.path.display()));
            }
        }
    }
    must_be_empty(&faults);
}

#[test]
fn the_sandbox_shares_no_client_code() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.room == "sandbox") {
        for (room, line) in imports(source).rooms {
            if SANDBOX_MUST_NOT_USE.contains(&room.as_str()) {
                faults.push(format!("src/{}:{line} uses `{room}`", source.path.display()));
            }
        }
    }
    must_be_empty(&faults);
}

/// F0 and F1 do no IO and have no async function.
#[test]
fn the_lower_floors_are_pure() {
    const IO: &[&str] = &["tokio", "reqwest", "axum", "octocrab", "kube", "sqlx", "git2", "async_trait"];
    struct Async(Vec<usize>);
    impl<'ast> Visit<'ast> for Async {
        fn visit_signature(&mut self, signature: &'ast syn::Signature) {
            if signature.asyncness.is_some() {
                self.0.push(signature.span().start().line);
            }
        }
    }
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| floor(&source.room) < 2 && !is_test_file(&source.path)) {
        let mut found = Async(Vec::new());
        found.visit_file(&source.tree);
        faults.extend(found.0.iter().map(|line| format!("src/{}:{line} is async", source.path.display())));
        for (name, line) in imports(source).crates.iter().filter(|(name, _)| IO.contains(&name.as_str())) {
            faults.push(format!("src/{}:{line} uses `{name}`", source.path.display()));
        }
        for word in ["std::fs", "std::net::Tcp", "std::net::Udp", "std::process", "std::env::var"] {
            if production(source).contains(word) {
                faults.push(format!("src/{} uses `{word}`", source.path.display()));
            }
        }
    }
    must_be_empty(&faults);
}

/// The text before the test module.
fn production(source: &Source) -> &str {
    source.text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or("")
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !is_test_file(&source.path)) {
        let lines = production(source).lines().count();
        if lines > MAX_FILE_LINES {
            faults.push(format!("src/{} has {lines} lines (at most {MAX_FILE_LINES})", source.path.display()));
        }
    }
    must_be_empty(&faults);
}

#[derive(Default)]
struct Long(Vec<(String, usize, usize)>);

impl Long {
    fn note(&mut self, name: &syn::Ident, block: &syn::Block) {
        let lines = block.span().end().line - block.span().start().line;
        if lines > MAX_FUNCTION_LINES {
            self.0.push((name.to_string(), block.span().start().line, lines));
        }
    }
}

impl<'ast> Visit<'ast> for Long {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.note(&item.sig.ident, &item.block);
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.note(&item.sig.ident, &item.block);
        syn::visit::visit_impl_item_fn(self, item);
    }
}

#[test]
fn functions_fit_on_a_screen() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !is_test_file(&source.path)) {
        let mut long = Long::default();
        long.visit_file(&source.tree);
        for (name, line, lines) in long.0 {
            faults.push(format!("src/{}:{line} `{name}` has {lines} lines", source.path.display()));
        }
    }
    must_be_empty(&faults);
}

/// Paths named in the documents exist: a map that names gone places is worse than none.
#[test]
fn documents_name_only_files_that_exist() {
    const ROOMS: &[&str] =
        &["src/", "tests/", "docs/", "deploy/", "fixtures/", "bot-config/", "migrations/", "scripts/", "benches/"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut faults = Vec::new();
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/security.md"] {
        let text = std::fs::read_to_string(root.join(document)).expect(document);
        for (number, line) in text.lines().enumerate() {
            for word in line.split('`').skip(1).step_by(2) {
                let plain = !word.contains(['<', '*', '{', ' ', '…', '$']);
                let is_path = plain && ROOMS.iter().any(|start| word.starts_with(start));
                if is_path && !root.join(word.trim_end_matches('/')).exists() {
                    faults.push(format!("{document}:{} names `{word}`", number + 1));
                }
            }
        }
    }
    must_be_empty(&faults);
}
