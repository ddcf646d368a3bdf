use std::sync::{Arc, LazyLock};

use crate::finding::Finding;
use crate::manifest::{self, ManifestFile};
use crate::names::KubernetesVersion;
use crate::rules::{RULES, Review, Rule, Scope, Users};
use crate::tenancy::{FileSummary, Newly, RepositoryIndex};

static NOTHING: Newly = Newly::new();
static NOBODY: LazyLock<Users> = LazyLock::new(Users::default);

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
    rule.check(&review(&index, &[file]))
}

fn review<'a>(index: &'a RepositoryIndex, files: &'a [ManifestFile]) -> Review<'a> {
    Review {
        scope: Scope::Admin,
        before: index,
        whole_before: index,
        after: index,
        files,
        old: &[],
        dropped: &NOTHING,
        left_out: None,
        definitions: &[],
        elsewhere: None,
        users: &NOBODY,
        trials: None,
        kubernetes: None,
        policy: None,
        powerful_kinds: &[],
        is_built: false,
        prepared: None,
    }
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
    let yaml = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: 'system:x'}\nroleRef: {name: cluster-admin}\nsubjects: [{kind: Group, name: 'system:masters'}, {kind: User, name: me}]\n";
    assert_eq!(places(&super::ClusterAdminBinding, yaml), ["4:17 error roleRef.name"]);
    assert_eq!(places(&super::SystemSubject, yaml), ["5:32 error subjects[0].name"]);
    assert_eq!(places(&super::ReservedName, yaml), ["3:18 error metadata.name"]);
}

#[test]
fn get_opens_a_shell_until_kubernetes_asks_for_create_too() {
    let yaml = role("ClusterRole", "[{apiGroups: [''], resources: [pods/exec], verbs: [get]}]");
    let file = manifest::read("cluster/common/rbac.yaml".parse().expect("a path"), yaml.as_bytes());
    let index = RepositoryIndex::default();
    let with = |version: Option<u32>| {
        let files = [file.clone()];
        let review = Review { kubernetes: version.map(KubernetesVersion::new), ..review(&index, &files) };
        super::ExecIntoPods.check(&review).len()
    };
    assert_eq!((with(None), with(Some(34)), with(Some(35))), (1, 1, 0));
}

#[test]
fn a_star_for_everything_is_told_once_and_rights_beside_it_are_told() {
    let told = |rules: &str| {
        let yaml = role("ClusterRole", rules);
        let family = RULES.iter().filter(|rule| rule.meta().id.as_str().starts_with("rbac/"));
        family.flat_map(|rule| findings(*rule, &yaml)).map(|one| one.rule.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(told("[{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]"), ["rbac/wildcard"]);
    assert_eq!(
        told("[{apiGroups: ['*'], resources: ['*'], verbs: [create, update, patch, delete]}]"),
        ["rbac/wildcard"]
    );
    let beside = told("[{apiGroups: ['*'], resources: ['*', secrets], verbs: ['*']}]");
    assert_eq!(beside, ["rbac/wildcard", "rbac/read-secrets", "rbac/mint-tokens"]);
    let escalate = told("[{apiGroups: ['*'], resources: ['*'], verbs: [escalate]}]");
    assert!(escalate.contains(&"rbac/escalation-verbs"), "{escalate:?}");
}

#[test]
fn very_large_roles_are_judged_in_time() {
    let entry = "{apiGroups: [''], resources: [secrets, pods, pods/exec], verbs: [get, create, patch]}, ";
    let yaml = role("ClusterRole", &format!("[{}]", entry.repeat(1_000)));
    let family = RULES.iter().filter(|rule| rule.meta().id.as_str().starts_with("rbac/"));
    let before = std::time::Instant::now();
    let count: usize = family.map(|rule| findings(*rule, &yaml).len()).sum();
    assert!(count >= 4_000, "{count}");
    assert!(before.elapsed().as_secs() < 30, "{:?}", before.elapsed());
}

/// A label that a kustomization puts on is as good as one that is written.
#[test]
fn a_role_is_judged_with_the_labels_that_it_gets_on_its_way() {
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\n\
                rules: [{apiGroups: [''], resources: [pods/exec], verbs: [create]}]\n";
    let found = |kustomization: &str| {
        let texts = [("cluster/common/kustomization.yaml", kustomization), ("cluster/common/rbac.yaml", role)];
        let files = texts.map(|(path, text)| manifest::read(path.parse().expect("a path"), text.as_bytes()));
        let summaries = files.iter().map(|file| (file.path.clone(), Arc::new(FileSummary::of(file))));
        let (before, after) = (RepositoryIndex::default(), RepositoryIndex::from_files(summaries));
        let review = Review { after: &after, ..review(&before, &files) };
        let findings = super::AggregatedGrant.check(&review);
        findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
    };
    let list = "resources: [rbac.yaml]\n";
    assert_eq!(found(list), Vec::<String>::new());
    let labelled = format!("{list}labels: [{{pairs: {{rbac.authorization.k8s.io/aggregate-to-view: 'true'}}}}]\n");
    let messages = found(&labelled);
    assert!(messages.len() == 1 && messages[0].contains("added to") && messages[0].contains("view"), "{messages:?}");
}
