//! Findings for scripts. The shape is fixed: scripts depend on it.

use serde_json::{Value, json};

use crate::finding::Finding;
use crate::redact::redact_value;
use crate::rules::Judgement;

/// `{"findings": […], "summary": {…}}`, without secrets; lines and columns count from 1.
pub fn json(judgement: &Judgement) -> Value {
    let summary = &judgement.summary;
    redact_value(json!({
        "findings": judgement.findings.iter().map(finding).collect::<Vec<Value>>(),
        "summary": {
            "files": summary.files,
            "objects": summary.objects,
            "errors": summary.errors,
            "warnings": summary.warnings,
            "notes": summary.notes,
            "waived": summary.waived,
        },
    }))
}

fn finding(finding: &Finding) -> Value {
    let mut value = json!({
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "file": finding.location.file.as_str(),
        "line": finding.location.line,
        "column": finding.location.column,
        "object": finding.object,
        "field": finding.field,
        "help": finding.help,
    });
    // Only where there is something to say: the shape of all others stays.
    if let Some(by) = &finding.reached {
        value["reached"] = json!({"file": by.file.as_str(), "line": by.line, "column": by.column});
    }
    value
}
