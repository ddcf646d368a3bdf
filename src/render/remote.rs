//! What a kustomization would fetch. kustomize tries a name as a file, as an `http` or `https` file,
//! and as a Git repository. The second way asks a proxy from the environment except for loopback
//! addresses, where the server's own ports are: so it is refused here, before kustomize starts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

use super::RenderError;

/// The names that kustomize looks for, in a directory that it builds.
const FILES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// Fields with free text: a URL there is not fetched.
const FREE_TEXT: [&str; 8] = [
    "annotations",
    "commonAnnotations",
    "commonLabels",
    "labels",
    "metadata",
    "literals",
    "options",
    "generatorOptions",
];
/// What is told by files of its own, which may name what is fetched: a built-in generator reads URLs, too.
const PLUGINS: [&str; 3] = ["generators", "transformers", "validators"];
/// The largest kustomization file that is read, in bytes.
const FILE_LIMIT: u64 = 1 << 20;
/// How many directories one build may reach.
const DIRECTORIES: usize = 10_000;

/// Refuses a directory whose kustomization, or one that it includes, names a URL, has plug-ins or, where there is
/// a `root`, includes a directory outside of it.
pub(super) fn refuse_remote(directory: &Path, root: Option<&Path>) -> Result<(), RenderError> {
    let start = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let mut seen = BTreeSet::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        let Ok(directory) = directory.canonicalize() else { continue };
        if !seen.insert(directory.clone()) {
            continue;
        }
        if root.is_some_and(|root| directory != start && !directory.starts_with(root)) {
            return Err(RenderError::Outside);
        }
        if seen.len() > DIRECTORIES {
            return Err(failed(&directory, "more than 10,000 directories are included"));
        }
        for file in FILES.iter().map(|name| directory.join(name)).filter(|file| file.exists()) {
            let mut texts = Vec::new();
            let kustomization = read(&file)?;
            if let Some(field) = PLUGINS.into_iter().find(|field| kustomization.get(field).is_some()) {
                return Err(RenderError::Plugins { file, field });
            }
            collect(&kustomization, &mut texts);
            for text in texts {
                if is_remote(&text) {
                    return Err(RenderError::Remote { file, reference: text.chars().take(200).collect() });
                }
                waiting.extend(Some(directory.join(&text)).filter(|path| path.is_dir()));
            }
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<Value, RenderError> {
    let too_odd = |problem| failed(file, problem);
    let metadata = file.metadata().map_err(|_| too_odd("cannot be read"))?;
    if !metadata.is_file() || metadata.len() > FILE_LIMIT {
        return Err(too_odd("is not a file of at most 1 MiB"));
    }
    let text = std::fs::read_to_string(file).map_err(|_| too_odd("is not UTF-8 text"))?;
    serde_yaml::from_str(&text).map_err(|_| too_odd("is not one YAML document"))
}

/// Every text of the file that might name something, without the fields that hold free text.
fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Sequence(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Mapping(fields) => {
            let named = |key: &Value| key.as_str().is_some_and(|key| FREE_TEXT.contains(&key));
            fields.iter().filter(|(key, _)| !named(key)).for_each(|(_, field)| collect(field, texts));
        }
        Value::Tagged(tagged) => collect(&tagged.value, texts),
        _ => {}
    }
}

/// Whether kustomize would load this with HTTP. Generators write `key=name`.
fn is_remote(text: &str) -> bool {
    let name = text.split_once('=').map_or(text, |(key, name)| if key.contains("://") { text } else { name });
    let scheme = name.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

fn failed(path: &Path, problem: &str) -> RenderError {
    let shown: PathBuf = path.iter().rev().take(3).collect::<Vec<_>>().into_iter().rev().collect();
    RenderError::Failed { complaint: format!("{} {problem}", shown.display()) }
}
