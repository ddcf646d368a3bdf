use super::*;
use crate::report::testing::{finding, judgement};

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
    findings.extend((1..2_000).map(|line| finding("crd/name", Severity::Error, line)));
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
fn what_the_policy_accepts_is_told_with_its_reason() {
    let mut judgement = judgement(Vec::new());
    judgement.waived.push(Waived {
        finding: finding("rbac/wildcard", Severity::Error, 3),
        reason: "the operator needs it, see #12".to_owned(),
    });
    judgement.summary.waived = 1;
    let report = check_run(&judgement, &[]);
    assert_eq!(report.conclusion, Conclusion::Success);
    insta::assert_snapshot!(report.summary);
}
