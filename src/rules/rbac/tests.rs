use crate::finding::Finding;
use crate::manifest;
use crate::rules::{Review, Rule, Scope, Users};
use crate::tenancy::RepositoryIndex;

/// "line:column severity field" of every finding.
fn places(rule: &dyn Rule, yaml: &str) -> Vec<String> {
    let place = |finding: &Finding| {
        format!("{}:{} {} {}", finding.location.line, finding.location.column, finding.severity, finding.field)
    };
    findings(rule, yaml).iter().map(place).collect()
}

fn findings(rule: &dyn Rule, yaml: &str) -> Vec<Finding> {
    let file = manifest::read("cluster/common/rbac.yaml".parse().expect("a path"), yaml.as_bytes());
    assert!(file.problems.is_empty(), "{:?}", file.problems);
    let index = RepositoryIndex::default();
    rule.check(&Review {
        scope: Scope::Admin,
        before: &index,
        whole_before: &index,
        after: &index,
        files: &[file],
        old: &[],
        dropped: &Default::default(),
        left_out: None,
        definitions: &[],
        elsewhere: None,
        users: &Users::default(),
        trials: None,
        kubernetes: None,
        is_built: false,
        prepared: None,
    })
}

fn role(kind: &str, rules: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: x, namespace: team1}}\nrules: {rules}\n"
    )
}

#[test]
fn everything_is_one_error_and_milder_in_a_namespace() {
    let rules = "[{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]";
    let rule = super::Wildcard;
    assert_eq!(places(&rule, &role("ClusterRole", rules)), ["4:40 error rules[0].resources"]);
    assert_eq!(places(&rule, &role("Role", rules)), ["4:40 warning rules[0].resources"]);
}

#[test]
fn names_limit_binding_but_not_escalation() {
    let rule = super::EscalationVerbs;
    let with = |verb: &str, name: &str| {
        let rules = format!(
            "[{{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], resourceNames: ['{name}'], verbs: [{verb}]}}]"
        );
        findings(&rule, &role("ClusterRole", &rules)).first().map(|finding| finding.severity.as_str())
    };
    assert_eq!(with("bind", "view"), Some("warning"));
    assert_eq!(with("bind", "cluster-admin"), Some("error"));
    assert_eq!(with("bind", "system:node"), Some("error"));
    assert_eq!(with("escalate", "view"), Some("error"));
    assert_eq!(with("list", "view"), None);
}

#[test]
fn each_power_is_said_at_its_own_verb() {
    let rules = "[{apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [get, bind, patch, escalate]}]";
    let rule = super::EscalationVerbs;
    assert_eq!(
        places(&rule, &role("ClusterRole", rules)),
        ["4:96 error rules[0].verbs", "4:83 error rules[0].verbs", "4:89 error rules[0].verbs"]
    );
}

#[test]
fn mistyped_fields_hide_nothing_and_do_no_harm() {
    let secrets = super::ReadSecrets;
    for rules in [
        "{apiGroups: '', resources: secrets, verbs: get}",
        "[{apiGroups: [null], resources: [secrets], verbs: [get]}]",
        "[{resources: [secrets], verbs: [get]}]",
        "[{apiGroups: [{}], resources: [secrets, 1, {}], verbs: [[], get]}]",
    ] {
        assert_eq!(findings(&secrets, &role("ClusterRole", rules)).len(), 1, "{rules}");
    }
    for rules in ["", "7", "[]", "[7, {}, [], null]", "[{apiGroups: [''], resources: {secrets: x}, verbs: [get]}]"] {
        assert!(findings(&secrets, &role("ClusterRole", rules)).is_empty(), "{rules}");
    }
}

#[test]
fn a_binding_without_parts_is_passed_over() {
    for rest in ["", "roleRef: 7", "roleRef: {name: [cluster-admin]}", "subjects: [7, {}, {name: {}}]", "subjects: {}"]
    {
        let yaml = format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: x}}\n{rest}\n"
        );
        assert!(findings(&super::ClusterAdminBinding, &yaml).is_empty(), "{rest}");
        assert!(findings(&super::SystemSubject, &yaml).is_empty(), "{rest}");
    }
}

#[test]
fn a_name_like_a_builtin_one_is_no_excuse() {
    let yaml = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: 'system:x'}\nroleRef: {name: cluster-admin}\nsubjects: [{kind: Group, name: 'system:masters'}]\n";
    assert_eq!(places(&super::ClusterAdminBinding, yaml), ["4:17 error roleRef.name"]);
    assert_eq!(places(&super::SystemSubject, yaml), ["5:32 error subjects[0].name", "3:18 error metadata.name"]);
}
