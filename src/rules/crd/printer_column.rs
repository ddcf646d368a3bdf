//! A printer column needs a name, a type and a path.
//!
//! # What
//! Reports in `additionalPrinterColumns` a column without `name`, `type` or `jsonPath`, a `type` or `format`
//! that is none, and a `jsonPath` that does not start with a dot. A path that starts with a dot but cannot be
//! read is a warning.
//!
//! # Why
//! The API server refuses the definition, but of the path it looks at the dot only. Where it cannot read the
//! rest, it takes the definition, and shows neither this column nor those behind it.
//!
//! # Bad
//! ```yaml
//! additionalPrinterColumns:
//!   - {name: Ready, type: bool, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
//! ```
//!
//! # Good
//! ```yaml
//! additionalPrinterColumns:
//!   - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
//! ```

use super::json_path::is_readable;
use super::{current, error, text, warning};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Definition, Version};

/// `crd/printer-column`.
#[derive(Debug)]
pub struct PrinterColumn;

const ID: RuleId = RuleId::new("crd/printer-column");
const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

impl Rule for PrinterColumn {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("printer_column.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for definition in current(review) {
            for version in definition.versions() {
                let columns = version.at(&["additionalPrinterColumns"]).into_iter().flat_map(Node::items);
                for (index, node) in columns.enumerate() {
                    findings.extend(Column { definition, version, index, node }.check());
                }
            }
        }
        findings
    }
}

struct Column<'a> {
    definition: Definition<'a>,
    version: Version<'a>,
    index: usize,
    node: &'a Node,
}

impl Column<'_> {
    fn check(&self) -> Vec<Finding> {
        let name = self.missing("name", "Give the column a heading.");
        let checks = [name, self.check_type(), self.check_format(), self.check_path()];
        checks.into_iter().flatten().collect()
    }

    fn at(&self, finding: Finding, key: &str) -> Finding {
        finding.with_field(self.version.field(&format!("additionalPrinterColumns[{}].{key}", self.index)))
    }

    fn error(&self, key: &str, message: String, help: &str) -> Finding {
        self.at(error(ID, self.definition.object, self.node.nearest(&[key]), message), key).with_help(help)
    }

    fn missing(&self, key: &str, help: &str) -> Option<Finding> {
        let message = format!("A printer column of {} has no `{key}`.", self.version.called());
        text(self.node, &[key])?.is_empty().then(|| self.error(key, message, help))
    }

    fn check_type(&self) -> Option<Finding> {
        let help = format!("Write one of: {}.", TYPES.join(", "));
        let found = text(self.node, &["type"])?;
        if found.is_empty() || TYPES.contains(&found) {
            return self.missing("type", &help);
        }
        Some(self.error("type", format!("A printer column cannot be of type `{}`.", shown(found)), &help))
    }

    fn check_format(&self) -> Option<Finding> {
        let found = text(self.node, &["format"]).filter(|found| !found.is_empty() && !FORMATS.contains(found))?;
        let help = format!("Remove `format`, or write one of: {}.", FORMATS.join(", "));
        Some(self.error("format", format!("A printer column cannot have the format `{}`.", shown(found)), &help))
    }

    fn check_path(&self) -> Option<Finding> {
        let path = text(self.node, &["jsonPath"])?;
        if path.is_empty() {
            return self.missing("jsonPath", "Write the path of the field, such as `.spec.replicas`.");
        }
        if !path.starts_with('.') {
            let message = format!("The path `{}` of a printer column does not start with a dot.", shown(path));
            return Some(self.error("jsonPath", message, "Start the path with a dot, and leave out `{`, `}` and `$`."));
        }
        if is_readable(path) {
            return None;
        }
        let message = format!(
            "The API server cannot read the path `{}`: it takes the definition, and shows neither this column nor those \
             behind it.",
            shown(path)
        );
        let finding = warning(ID, self.definition.object, self.node.nearest(&["jsonPath"]), message);
        let help = "Write a path such as `.spec.replicas` or `.status.conditions[?(@.type==\"Ready\")].status`.";
        Some(self.at(finding, "jsonPath").with_help(help))
    }
}
