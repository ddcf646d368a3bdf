use super::{Policy, Verdict};
use crate::finding::{Finding, Location, ObjectRef, RuleId, Severity};

const RULE: &str = "tenancy/foreign-namespace";

fn parse(text: &str) -> Result<Policy, String> {
    let file = "policy.yaml".parse().expect("a path");
    Policy::parse(&file, text, "2030-06-01".parse().expect("a date")).map_err(|error| error.to_string())
}

fn finding() -> Finding {
    let file = "cluster/team1/a.yaml".parse().expect("a path");
    let object = ObjectRef {
        api_version: "v1".into(),
        kind: "ConfigMap".into(),
        namespace: Some("team2".into()),
        name: "a".into(),
    };
    Finding::new(RuleId::new(RULE), Severity::Error, Location { file, line: 1, column: 1 }, "m").with_object(object)
}

fn waived(target: &str) -> bool {
    let policy = parse(&format!("exceptions:\n- rule: {RULE}\n  reason: because\n  {target}\n")).expect(target);
    matches!(policy.apply(finding()), Verdict::Waived(waived) if waived.reason == "because")
}

#[test]
fn severities_are_changed_and_rules_switched_off() {
    let policy = parse(&format!("severity:\n  {RULE}: note\n  crd/name: off\n")).expect("a policy");
    assert!(matches!(policy.apply(finding()), Verdict::Stands(finding) if finding.severity == Severity::Note));
    assert!(policy.is_off(RuleId::new("crd/name")));
    assert_eq!(policy.severity_of(RuleId::new("crd/name"), Severity::Error), None);
    assert!(parse("").is_ok() && parse("severity:\nexceptions:\n").is_ok());
}

#[test]
fn an_exception_is_for_one_object_or_path() {
    assert!(waived("object: {kind: ConfigMap, namespace: team2, name: a}"));
    assert!(waived("object: {name: a}"));
    assert!(waived("object: {group: '', name: a}"));
    assert!(!waived("object: {group: apps, name: a}"));
    assert!(waived("object: {name: a}\n  path: cluster/team1"));
    assert!(!waived("object: {name: a}\n  path: cluster/team2"));
    assert!(!waived("object: {name: b}"));
    assert!(!waived("object: {kind: Secret, name: a}"));
    assert!(!waived("object: {namespace: team3, name: a}"));
    assert!(waived("path: cluster/team1/*.yaml"));
    assert!(waived("path: ./cluster/team1/"));
    assert!(!waived("path: cluster/team2"));
}

#[test]
fn an_expired_exception_does_not_waive_and_says_so() {
    assert!(waived("path: cluster\n  expires: 2030-06-01"));
    let text = format!("exceptions:\n- {{rule: {RULE}, reason: r, path: cluster, expires: 2030-05-31}}\n");
    match parse(&text).expect("a policy").apply(finding()) {
        Verdict::Stands(finding) => {
            assert_eq!(finding.help, "The exception in the policy expired after 2030-05-31.");
        }
        Verdict::Waived(_) => panic!("expired"),
    }
}

#[test]
fn errors_name_file_line_and_remedy() {
    for (text, error) in [
        ("severities: {}\n", "policy.yaml:1:1: Unknown key `severities`. Did you mean `severity`?"),
        (
            "severity:\n  tenancy/foreign-namespaces: off\n",
            "policy.yaml:2:3: Unknown rule `tenancy/foreign-namespaces`. Did you mean `tenancy/foreign-namespace`?",
        ),
        (
            "severity:\n  yaml/unreadable: fatal\n",
            "policy.yaml:2:20: Unknown severity `fatal`. Use error, warning, note or off.",
        ),
        (
            "severity:\n  yaml/unreadable: off\n",
            "policy.yaml:2:20: `yaml/unreadable` cannot be made milder. Name the files that may stay unreadable with an \
             exception and its reason.",
        ),
        (
            "exceptions:\n- {rule: policy/unused-exception, reason: r, path: a}\n",
            "policy.yaml:2:10: `policy/unused-exception` is about the policy itself and has no exceptions. Mend what \
             it complains of, or change its severity.",
        ),
        (
            "exceptions:\n- {rule: yaml/unreadable, path: a}\n",
            "policy.yaml:2:3: An exception without a reason. Say with `reason: …` why this may stay.",
        ),
        (
            "exceptions:\n- {rule: yaml/unreadable, reason: r}\n",
            "policy.yaml:2:3: An exception needs an object or a path. Write `object: {kind: …, name: …}` or \
             `path: …`.",
        ),
        (
            "exceptions:\n- {rule: yaml/unreadable, reason: r, path: '**'}\n",
            "policy.yaml:2:44: `path` fits every file. Name a file or directory, or use `off`.",
        ),
        (
            "exceptions:\n- {rule: yaml/unreadable, reason: r, path: a, expires: soon}\n",
            "policy.yaml:2:56: `expires` is no date. Write it as 2031-12-31.",
        ),
        ("exceptions: all\n", "policy.yaml:1:13: `exceptions` is no list. Write `- rule: …` for each."),
        (
            "- a\n",
            "policy.yaml:1:1: Keys and values are expected here. Write `severity: …`, `exceptions: …`, `powerful_kinds: …`.",
        ),
        (
            "severity: {}\nseverity: {}\n",
            "policy.yaml:2:1: The key `severity` stands twice in one mapping. Remove one of the two.",
        ),
    ] {
        assert_eq!(parse(text).expect_err(text), error);
    }
}

#[test]
fn a_powerful_kind_is_one_group_and_one_resource() {
    for (text, error) in [
        (
            "powerful_kinds:\n- {group: example.org, kind: Challenge}\n",
            "policy.yaml:2:24: Unknown key `kind`. Known are: group, resource, severity.",
        ),
        (
            "powerful_kinds:\n- {group: example.org}\n",
            "policy.yaml:2:3: A powerful kind without a resource. Write them as a role does: `{group: \
             acme.example.org, resource: challenges}`.",
        ),
        (
            "powerful_kinds:\n- {group: example.org, resource: '*'}\n",
            "policy.yaml:2:34: `*` is no resource of one kind. Write them as a role does: `{group: \
             acme.example.org, resource: challenges}`.",
        ),
        (
            "powerful_kinds:\n- {group: '', resource: secrets, severity: off}\n",
            "policy.yaml:2:44: A powerful kind cannot be off. Leave the item out.",
        ),
        (
            "powerful_kinds: {group: a}\n",
            "policy.yaml:1:17: `powerful_kinds` is no list. Write `- {group: …, resource: …}` for each.",
        ),
    ] {
        assert_eq!(parse(text).expect_err(text), error);
    }
    let kinds = "powerful_kinds:\n- {group: '', resource: pods/exec}\n- {group: a.b, resource: c, severity: note}\n";
    let severities: Vec<Severity> =
        parse(kinds).expect("a policy").powerful_kinds().iter().map(|kind| kind.severity).collect();
    assert_eq!(severities, [Severity::Error, Severity::Note]);
}

#[test]
fn the_annotated_example_is_a_policy() {
    let text = include_str!("../../../bot-config/policy.yaml");
    let policy = parse(text).expect("the example can be read");
    assert_eq!(policy.exceptions.len(), 1);
}
