//! From the files of a commit to objects: the path, a kustomization where there is none, the fields
//! of the Kustomization laid over it, and kustomize.

use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::credentials::Failure;
use super::{Flux, export};
use crate::sandbox::cluster::store::json::{list, text};

const FILES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

fn failed(problem: impl Into<String>) -> Failure {
    ("BuildFailed".to_owned(), problem.into())
}

impl Flux {
    /// Copies the artifact into a directory of this attempt; returns the directory to build.
    pub(super) fn unpack(&self, object: &Value, artifact: &Path, to: &Path) -> Result<PathBuf, Failure> {
        let missing = |problem: String| ("ArtifactFailed".to_owned(), problem);
        export::copy(artifact, to)
            .map_err(|error| missing(format!("Source is not ready, artifact not found: {error}")))?;
        let path = text(object, "/spec/path");
        // As `securejoin` does: `..` never leads out.
        let mut directory = to.to_owned();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." if directory == to => {}
                ".." => drop(directory.pop()),
                part => directory.push(part),
            }
        }
        if directory.exists() {
            return Ok(directory);
        }
        let shown = directory.strip_prefix(to).unwrap_or(&directory).display();
        let problem = format!("stat /tmp/kustomization/{shown}: no such file or directory");
        Err(missing(format!("kustomization path not found: {problem}")))
    }

    /// The objects of a directory.
    pub(super) async fn build(&self, object: &Value, root: &Path, directory: &Path) -> Result<Vec<Value>, Failure> {
        prepare(object, directory)?;
        let yaml = self.renderer.render(directory).await.map_err(|error| {
            let text = error.to_string().replace(&*root.to_string_lossy(), "/tmp/kustomization");
            let complaint = match &error {
                crate::render::RenderError::Failed { complaint } => {
                    complaint.replace(&*root.to_string_lossy(), "/tmp/kustomization")
                }
                _ => text,
            };
            failed(format!("kustomize build failed: {complaint}"))
        })?;
        let mut objects = Vec::new();
        for document in serde_yaml::Deserializer::from_str(&yaml) {
            let value = Value::deserialize(document).map_err(|error| failed(error.to_string()))?;
            if !value.is_null() {
                objects.push(value);
            }
        }
        Ok(objects)
    }
}

/// Makes sure that the directory has a kustomization, with what the Kustomization adds.
fn prepare(object: &Value, directory: &Path) -> Result<(), Failure> {
    let file = FILES.iter().map(|name| directory.join(name)).find(|file| file.is_file());
    let (file, mut kustomization) = match file {
        Some(file) => {
            let text = std::fs::read_to_string(&file).map_err(|error| failed(error.to_string()))?;
            let parsed: Value = serde_yaml::from_str(&text)
                .map_err(|error| failed(format!("failed to decode Kustomization: {error}")))?;
            (file, parsed)
        }
        None => {
            let resources = resources(directory, directory).map_err(|error| failed(error.to_string()))?;
            let generated = json!({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
                                   "resources": resources});
            (directory.join(FILES[0]), generated)
        }
    };
    let given = file.is_file();
    let before = kustomization.clone();
    if let Some(namespace) = object.pointer("/spec/targetNamespace").and_then(Value::as_str) {
        kustomization["namespace"] = json!(namespace);
    }
    for field in ["patches", "components", "images"] {
        let more = list(&object["spec"], &format!("/{field}"));
        if !more.is_empty() {
            let all = [list(&kustomization, &format!("/{field}")), more].concat();
            kustomization[field] = json!(all);
        }
    }
    // A file that needs nothing stays as it is, comments, errors and all.
    if given && kustomization == before {
        return Ok(());
    }
    let text = serde_yaml::to_string(&kustomization).map_err(|error| failed(error.to_string()))?;
    std::fs::write(&file, text).map_err(|error| failed(error.to_string()))
}

/// The manifests below a directory; a directory with its own kustomization counts as one.
fn resources(root: &Path, directory: &Path) -> std::io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        if path.is_dir() {
            if FILES.iter().any(|file| path.join(file).is_file()) {
                found.push(name);
            } else {
                found.extend(resources(root, &path)?);
            }
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}
