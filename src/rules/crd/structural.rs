//! Whether the schemas of a definition are structural, by the rules that say what is not.

use super::schemas::{Root, roots_of};
use super::structural_junctor::Excused;
use super::{
    embedded_resource, pattern, schema_extension, schema_metadata, structural_complete, structural_junctor,
    structural_type,
};
use crate::finding::Finding;
use crate::schema::{Definition, Visit};

/// Whether every schema of a definition is structural, as `ValidateStructural` of apiextensions' `pkg/apiserver/schema`
/// has it. The words that cannot be read into a structure at all (`$ref` and such) are left out: no API server has
/// stored them.
pub(super) fn is_structural(definition: Definition<'_>) -> bool {
    roots_of(definition, None).all(|root| {
        let (mut excused, mut found) = (Excused::new(), Vec::new());
        structural_complete::look(&root, &mut found);
        // One fault is enough: nothing more is looked for, so that a great schema cannot pile them up.
        root.walk(&mut |at| {
            if found.is_empty() {
                look(&mut excused, &root, at, &mut found);
            }
        });
        found.is_empty()
    })
}

fn look(excused: &mut Excused, root: &Root<'_>, at: &Visit<'_>, found: &mut Vec<Finding>) {
    structural_type::look(root, at, found);
    structural_junctor::look(excused, root, at, found);
    schema_metadata::look(root, at, found);
    schema_extension::look(root, at, found);
    pattern::look(root, at, found);
    if at.schema.is_embedded_resource() {
        embedded_resource::check_embedded(root, at, false, found);
    }
}
