use std::collections::BTreeMap;

use super::*;
use crate::report::testing::{finding, judgement};
use crate::rules::{Asked, Request, RequestedVersion};

fn left_out(what: &str) -> NotJudged {
    NotJudged { what: what.to_owned(), why: "It is a symbolic link.".to_owned() }
}

#[test]
fn no_findings_read_well() {
    let report = check_run(&judgement(Vec::new()), &[]);
    assert_eq!(report.conclusion, Conclusion::Success);
    insta::assert_snapshot!(format!("{}\n\n{}", report.title, report.summary), @r"
    No findings

    Judged: 12 files, 37 objects. Nothing to complain about.
    ");
}

#[test]
fn findings_stand_in_a_table_most_severe_first() {
    let findings = vec![
        finding("rbac/wildcard", Severity::Note, 3),
        finding("rbac/read-secrets", Severity::Warning, 9),
        finding("crd/name", Severity::Error, 4),
    ];
    let report = check_run(&judgement(findings), &[left_out("cluster/team1/@org|x.yaml")]);
    assert_eq!(report.conclusion, Conclusion::Failure);
    insta::assert_snapshot!(format!("{}\n\n{}", report.title, report.summary));
    insta::assert_debug_snapshot!(report.annotations.first());
}

#[test]
fn what_is_said_of_one_object_again_and_again_is_one_row() {
    let mut findings: Vec<Finding> = (1..=13).map(|line| finding("rbac/wildcard", Severity::Warning, line)).collect();
    findings.push(Finding { message: "Something else.".to_owned(), ..finding("rbac/wildcard", Severity::Warning, 20) });
    findings.push(finding("yaml/unreadable", Severity::Error, 30));
    findings.push(finding("crd/name", Severity::Error, 40));
    findings.push(finding("rbac/read-secrets", Severity::Error, 50));
    let report = check_run(&judgement(findings), &[]);
    let rows: Vec<&str> =
        report.summary.lines().filter(|line| line.starts_with("| error") || line.starts_with("| warning")).collect();
    assert_eq!(rows.len(), 5, "{}", report.summary);
    let starts = [
        "| error | `rbac/read-secrets`",
        "| error | `crd/name`",
        "| error | `yaml/unreadable`",
        "| warning | `rbac/wildcard`",
    ];
    for (row, start) in rows.iter().zip(starts) {
        assert!(row.starts_with(start), "the most dangerous first: {row}");
    }
    assert!(rows[3].contains(":1`, `:2`, `:3`") && rows[3].contains(":10` and 3 others"), "{}", rows[3]);
    assert_eq!(report.annotations.len(), 17, "each line has its mark");
}

#[test]
fn warnings_alone_pass() {
    let report = check_run(&judgement(vec![finding("rbac/wildcard", Severity::Warning, 1); 2]), &[]);
    assert_eq!((report.conclusion, report.title.as_str()), (Conclusion::Success, "2 warnings"));
}

#[test]
fn what_was_not_judged_is_never_green() {
    let report = check_run(&judgement(Vec::new()), &[left_out("a.yaml")]);
    assert_eq!((report.conclusion, report.title.as_str()), (Conclusion::Failure, "1 not judged"));
}

#[test]
fn many_and_long_findings_keep_the_limits() {
    let mut long = finding("rbac/wildcard", Severity::Error, 1);
    long.message = "ü`@|".repeat(50_000);
    let mut findings = vec![long];
    findings.extend((1..2_000).map(|line| Finding {
        message: format!("This is wrong in line {line}."),
        ..finding("crd/name", Severity::Error, line)
    }));
    let many = (0..2_000).map(|n| left_out(&format!("file-{n}.yaml"))).collect::<Vec<_>>();
    let report = check_run(&judgement(findings), &many);
    assert!(report.summary.len() <= SUMMARY_BYTES);
    assert!(report.summary.contains("more lines for which there is no room here"));
    assert_eq!(report.annotations.len(), ANNOTATIONS);
    assert!(report.annotations.iter().all(|annotation| annotation.message.len() <= MESSAGE_BYTES));
}

#[test]
fn an_unreadable_file_fails_the_check_whatever_the_policy_says() {
    let report = check_run(&judgement(vec![finding("yaml/unreadable", Severity::Note, 2)]), &[]);
    assert_eq!((report.conclusion, report.title.as_str()), (Conclusion::Failure, "1 note, 1 not judged"));
}

#[test]
fn what_is_accepted_is_told_with_its_reason() {
    let mut judgement = judgement(Vec::new());
    judgement.waived.push(Waived {
        finding: finding("rbac/wildcard", Severity::Error, 3),
        reason: "the operator needs it, see #12".to_owned(),
        person: None,
    });
    judgement.waived.push(Waived {
        finding: finding("rbac/read-secrets", Severity::Error, 4),
        reason: "certificates are secrets @everyone".to_owned(),
        person: Some("alice".parse().expect("a login")),
    });
    judgement.summary.waived = 2;
    let report = check_run(&judgement, &[]);
    assert_eq!(report.conclusion, Conclusion::Success);
    insta::assert_snapshot!(report.summary);
}

fn request(name: &str, what: Asked) -> Request {
    let version = |name: &str, served, stored| RequestedVersion { name: name.to_owned(), served, stored };
    Request {
        name: name.to_owned(),
        kind: Some("Wid|get".to_owned()),
        scope: Some("Namespaced".to_owned()),
        versions: vec![version("v1", true, true), version("v1beta1", true, false), version("v1alpha1", false, false)],
        what,
        refused: BTreeMap::new(),
        breaking: BTreeMap::new(),
        warnings: BTreeMap::new(),
        accepted: BTreeMap::new(),
        undecided: 0,
        trials: BTreeMap::new(),
        used: BTreeMap::new(),
    }
}

#[test]
fn the_definitions_that_are_asked_for_stand_in_a_table() {
    let counts = |counts: &[(&str, usize)]| counts.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect();
    let many: Vec<(String, usize)> = (1..=7).map(|n| (format!("team{n}"), n)).collect();
    let tried = |all: &[(&str, Result<(), &str>)]| {
        let one = |(name, it): &(&str, Result<(), &str>)| (name.parse().expect("a name"), it.map_err(str::to_owned));
        all.iter().map(one).collect()
    };
    let requests = vec![
        Request {
            breaking: counts(&[("crd/field-removed", 2), ("crd/enum-narrowed", 1)]),
            used: many.into_iter().collect(),
            ..request("gadgets.example.org", Asked::Changed)
        },
        Request {
            versions: Vec::new(),
            accepted: counts(&[("crd/deleted", 1)]),
            kind: None,
            scope: None,
            ..request("gone.example.org", Asked::Removed)
        },
        Request {
            warnings: counts(&[("crd/unknown-format", 1)]),
            undecided: 3,
            trials: tried(&[("dev", Ok(())), ("prod", Err("it did | not answer"))]),
            ..request("things.example.org", Asked::Changed)
        },
        Request { refused: counts(&[("crd/name", 1)]), ..request("widgets.`example`.org", Asked::New) },
        request("zebras.example.org", Asked::New),
    ];
    let report = check_run(&Judgement { requests, ..judgement(Vec::new()) }, &[]);
    insta::assert_snapshot!(report.summary);
}

#[test]
fn a_thousand_definitions_leave_room_for_the_findings() {
    let requests = (0..1_000).map(|n| request(&format!("widgets{n}.example.org"), Asked::New)).collect();
    let report = check_run(&Judgement { requests, ..judgement(vec![finding("crd/name", Severity::Error, 4)]) }, &[]);
    assert!(report.summary.len() <= SUMMARY_BYTES);
    assert!(report.summary.contains("### Findings") && report.summary.contains("more lines for which"));
}
