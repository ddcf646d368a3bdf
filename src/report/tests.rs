use std::sync::Arc;

use super::testing::{finding, judgement};
use super::*;
use crate::finding::{RuleId, Severity};
use crate::manifest::ManifestFile;
use crate::rules::{Meta, Waived};

const META: Meta = Meta {
    id: RuleId::new("rbac/wildcard"),
    severity: Severity::Error,
    source: "//! A title.\n//!\n//! # What\n//! Words.\n\ncode",
};

fn file() -> ManifestFile {
    ManifestFile {
        path: "cluster/common/a,b.yaml".parse().expect("a path"),
        source: Arc::from("kind: Role\n\tverbs: [\"*\"] # \u{1b}]0;title\u{7}\nname: \u{202e}x\n"),
        documents: Vec::new(),
        objects: Vec::new(),
        problems: Vec::new(),
    }
}

#[test]
fn text_shows_the_source_line_and_nothing_acts_on_the_terminal() {
    let findings = vec![finding("rbac/wildcard", Severity::Error, 2), finding("crd/name", Severity::Warning, 99)];
    let text = text(&judgement(findings), &[file()], Style::Plain);
    assert!(!text.chars().any(|character| character.is_control() && character != '\n'));
    insta::assert_snapshot!(text);
}

#[test]
fn colours_only_where_asked() {
    let coloured = text(&judgement(vec![finding("rbac/wildcard", Severity::Error, 1)]), &[file()], Style::Coloured);
    assert!(coloured.contains("\u{1b}[1;31merror\u{1b}[0m"));
    assert!(!coloured.contains("\u{1b}[31m"), "the finding's own escape is text");
}

#[test]
fn no_findings_in_text() {
    insta::assert_snapshot!(text(&judgement(Vec::new()), &[], Style::Plain), @"No findings, 12 files, 37 objects judged.");
}

#[test]
fn json_has_the_fixed_shape() {
    insta::assert_snapshot!(format!("{:#}", json(&judgement(vec![finding("rbac/wildcard", Severity::Error, 2)]))));
}

#[test]
fn workflow_commands_are_escaped() {
    insta::assert_snapshot!(github(&judgement(vec![finding("rbac/wildcard", Severity::Note, 2)])), @r"
    ::notice file=cluster/common/a%2Cb.yaml,line=2,col=7,title=rbac/wildcard::`*` pings @org/team, see #1: 100%25\u{1b}[31m%0AHelp: Write the verbs that are needed.
    1 note in 12 files, 37 objects.
    ");
}

#[test]
fn sarif_is_valid_by_its_schema() {
    let schema = include_str!("../../fixtures/schemas/sarif-2.1.0.json");
    let schema = serde_json::from_str(schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let findings = vec![
        finding("rbac/wildcard", Severity::Error, 2),
        finding("rbac/wildcard", Severity::Warning, 3),
        finding("rbac/wildcard", Severity::Note, 0),
    ];
    let mut judgement = judgement(findings);
    let finding = finding("rbac/wildcard", Severity::Error, 9);
    judgement.waived.push(Waived { finding, reason: "it is needed".to_owned(), person: None });
    let report = sarif(&judgement, &[META]);
    let errors: Vec<String> =
        validator.iter_errors(&report).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let results = &report["runs"][0]["results"];
    assert_eq!(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "cluster/common/a%2Cb.yaml");
    assert_ne!(results[0]["partialFingerprints"], results[1]["partialFingerprints"]);
    assert_eq!(results[3]["suppressions"][0]["justification"], "it is needed");
    insta::assert_snapshot!(format!("{:#}", report["runs"][0]["tool"]["driver"]["rules"]));
}

/// Whatever a file, Flux or the forge repeats: in no format, and not once it is escaped, cut or split.
#[test]
fn no_format_shows_a_secret() {
    const CORE: &str = "16C7e42F292c6912E7710c838347Ae178B4a";
    let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{CORE}\n{CORE}\n-----END RSA PRIVATE KEY-----");
    for secret in [format!("ghs_{CORE}"), format!("a `b` https://x:{CORE}@github.com/org/repo"), key] {
        let mut found = finding("rbac/wildcard", Severity::Error, 2).with_help(&secret).with_field(&secret);
        found.message.clone_from(&secret);
        let judgement = judgement(vec![found]);
        let lines = ManifestFile { source: Arc::from(format!("a\n{}\n", secret.replace('\n', " "))), ..file() };
        let not_judged = [NotJudged { what: secret.clone(), why: secret.clone() }];
        let check = check_run(&judgement, &not_judged);
        let state = comment::SyncState::TimedOut { last: secret.clone() };
        let texts = [
            text(&judgement, &[lines], Style::Plain),
            json(&judgement).to_string(),
            sarif(&judgement, &[META]).to_string(),
            github(&judgement),
            check.summary,
            check.annotations[0].message.clone(),
            state.line(),
            comment::command_failed(&secret),
            comment::create_team_refused(&secret),
            markdown::block(&secret, ""),
            markdown::cut(&format!("{secret}{}", "x".repeat(200)), 60),
        ];
        for text in texts {
            assert!(text.contains("redacted") && !text.contains(&CORE[..8]), "{text}");
        }
    }
}
