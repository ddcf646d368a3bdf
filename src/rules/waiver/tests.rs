use super::*;
use crate::finding::{Location, RuleId, Severity};
use crate::manifest::read;

const ROLE: &str =
    "kind: ClusterRole\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {name: x}\nrules: [{verbs: [get]}]\n";

fn file(text: &str) -> ManifestFile {
    read("cluster/common/role.yaml".parse().expect("a path"), text.as_bytes())
}

fn reference(file: &ManifestFile) -> ObjectRef {
    file.objects.first().expect("an object").reference()
}

fn finding(message: &str, line: u32) -> Finding {
    let location = Location { file: "cluster/common/role.yaml".parse().expect("a path"), line, column: 1 };
    Finding::new(RuleId::new("rbac/wildcard"), Severity::Error, location, message).with_object(reference(&file(ROLE)))
}

fn waiver(finding: &Finding, file: &ManifestFile) -> Waiver {
    Waiver {
        rule: finding.rule.to_string(),
        fingerprint: fingerprint(finding),
        content: content(std::iter::once(file), &reference(file)).expect("it is there"),
        by: "alice".parse().expect("a login"),
        reason: "the operator needs it".to_owned(),
    }
}

fn judged(finding: Finding, waivers: &[Waiver], file: &ManifestFile) -> Judgement {
    let mut judgement = Judgement { findings: vec![finding], ..Judgement::default() };
    judgement.waive(waivers, |object| content(std::iter::once(file), object));
    judgement
}

#[test]
fn a_waiver_holds_for_its_finding_on_its_object_as_it_is() {
    let file_then = file(ROLE);
    let waivers = [waiver(&finding("`*`.", 3), &file_then)];
    let held = judged(finding("`*`.", 3), &waivers, &file_then);
    assert_eq!((held.findings.len(), held.waived.len(), held.summary.waived), (0, 1, 1));
    assert_eq!(held.waived[0].person.as_ref().map(Login::as_str), Some("alice"));
    // The same words in another order, with a comment, further below.
    let moved = file(&format!("# why\n{}", ROLE.lines().rev().collect::<Vec<_>>().join("\n")));
    assert_eq!(judged(finding("`*`.", 7), &waivers, &moved).findings.len(), 0);
}

#[test]
fn it_is_gone_when_the_object_or_the_finding_changes() {
    let file_then = file(ROLE);
    let waivers = [waiver(&finding("`*`.", 3), &file_then)];
    let more = file(&ROLE.replace("[get]", "[get, list]"));
    assert_eq!(judged(finding("`*`.", 3), &waivers, &more).findings.len(), 1);
    assert_eq!(judged(finding("`*`, and worse.", 3), &waivers, &file_then).findings.len(), 1);
    let milder = Finding { severity: Severity::Warning, ..finding("`*`.", 3) };
    assert_eq!(judged(milder, &waivers, &file_then).findings.len(), 1);
    let elsewhere = Finding { field: "rules[1]".to_owned(), ..finding("`*`.", 3) };
    assert_eq!(judged(elsewhere, &waivers, &file_then).findings.len(), 1);
}

#[test]
fn what_is_gone_from_the_files_is_not_waived() {
    let file_then = file(ROLE);
    let waivers = [waiver(&finding("`*`.", 3), &file_then)];
    assert_eq!(judged(finding("`*`.", 3), &waivers, &file("a: b\n")).findings.len(), 1);
}

#[test]
fn lists_and_texts_cannot_be_taken_for_each_other() {
    let of = |text: &str| {
        let file = file(&format!("{ROLE}x: {text}\n"));
        content(std::iter::once(&file), &reference(&file)).expect("it is there")
    };
    assert_ne!(of("[a, b]"), of("[[a], b]"));
    assert_ne!(of("'1'"), of("1"));
    assert_ne!(of("{a: b}"), of("[a, b]"));
    assert_ne!(of("null"), of("''"));
    assert_eq!(of("{a: 1, b: 2}"), of("{b: 2, a: 1}"));
}
