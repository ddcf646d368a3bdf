//! Findings for the tests of reports.

use crate::finding::{Finding, Location, ObjectRef, RuleId, Severity};
use crate::rules::{Judgement, Summary};

/// A finding in a hostile-looking place.
pub(super) fn finding(rule: &'static str, severity: Severity, line: u32) -> Finding {
    let location = Location { file: "cluster/common/a,b.yaml".parse().expect("a path"), line, column: 7 };
    Finding::new(RuleId::new(rule), severity, location, "`*` pings @org/team, see #1: 100%\u{1b}[31m")
        .with_object(ObjectRef {
            api_version: "rbac.authorization.k8s.io/v1".to_owned(),
            kind: "Role".to_owned(),
            namespace: Some("team1".to_owned()),
            name: "reader\u{202e}".to_owned(),
        })
        .with_field("rules[0].verbs")
        .with_help("Write the verbs that are needed.")
}

/// A judgement of 37 objects in 12 files.
pub(super) fn judgement(findings: Vec<Finding>) -> Judgement {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let summary = Summary {
        files: 12,
        reached: 0,
        objects: 37,
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
        waived: 0,
    };
    Judgement { findings, summary, ..Judgement::default() }
}
