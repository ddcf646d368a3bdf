//! Templates that an admin repository brings itself.

use std::collections::BTreeMap;

use super::{Part, TemplateError};
use crate::names::RepoPath;
use crate::scaffold::Layout;

/// Where an admin repository keeps templates of its own: `<layout>/team/` and `<layout>/team-repo/` below it.
pub const OVERRIDES: &str = crate::tenancy::TEMPLATES;

/// Files and bytes of one template.
const MOST_FILES: usize = 100;
const LARGEST: usize = 64 * 1024;

/// A template's folder with a slash at its end, and its files by their names.
type Found = (String, BTreeMap<String, String>);

/// The files of the repository's own template.
///
/// # Errors
/// Where a file stands where no template is looked for: it would be passed over in silence.
pub(super) fn find(
    layout: Layout,
    part: Part,
    files: &BTreeMap<RepoPath, String>,
) -> Result<Option<Found>, TemplateError> {
    let origin = format!("{OVERRIDES}/{layout}/{}/", part.as_str());
    let mut own = BTreeMap::new();
    for (path, text) in files.iter().filter(|(path, _)| path.below(OVERRIDES).is_some()) {
        if path.file_name() == "README.md" && path.below(origin.trim_end_matches('/')).is_none() {
            continue;
        }
        let broken = |problem: String| TemplateError::broken("", path.as_str(), None, problem);
        let Some(name) = path.as_str().strip_prefix(&origin) else {
            if is_place(path) {
                continue;
            }
            let places = "flux-v1, flux-v2 or flux-v2-environments, and in it team or team-repo";
            return Err(broken(format!("no template is looked for there: a folder is called {places}")));
        };
        if text.len() > LARGEST || own.len() == MOST_FILES {
            return Err(broken(format!("a template has at most {MOST_FILES} files of {LARGEST} bytes")));
        }
        own.insert(name.to_owned(), text.clone());
    }
    Ok((!own.is_empty()).then_some((origin, own)))
}

/// Whether a template of some layout is looked for where this file is.
fn is_place(path: &RepoPath) -> bool {
    let mut parts = path.below(OVERRIDES).unwrap_or_default().splitn(3, '/');
    let layout = parts.next().is_some_and(|layout| layout.parse::<Layout>().is_ok());
    let part =
        parts.next().is_some_and(|part| [Part::Team, Part::TeamRepository].iter().any(|known| known.as_str() == part));
    layout && part && parts.next().is_some()
}
