//! Every rule is documented, listed, and shown by examples; every example says what it claims.
//!
//! `fixtures/rules/<rule id>/` holds `pass*` and `fail*`, each a file (judged as part of an admin
//! repository) or a directory: a small repository, judged whole. A directory may hold `before/` and
//! `after/` (a change), `team/` beside `admin/` (a team's repository with its admin repository), and
//! `cluster-says.yaml` beside `repository/` (what a cluster said of its definitions in a dry run). Where a repository
//! has a `.bailiwick/policy.yaml`, that is judged too, on the first of June 2030.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bailiwick::finding::{Finding, Severity};
use bailiwick::manifest::{self, ManifestFile};
use bailiwick::names::RepoPath;
use bailiwick::rules::{
    Answer, Change, Changed, Documentation, OwnPolicy, Policy, PolicyError, RULES, Review, Rule, Scope, Trials, Users,
    View, is_of_changes, judge,
};
use bailiwick::tenancy::{FileSummary, RepositoryIndex, Team};
use proptest::prelude::*;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn id(rule: &dyn Rule) -> &'static str {
    rule.meta().id.as_str()
}

/// The sorted names in a directory; none where there is no such directory.
fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

#[test]
fn rules_are_documented() {
    for rule in RULES {
        let documentation = Documentation::of(&rule.meta());
        let Documentation { title, what, why, bad, good } = &documentation;
        for (name, text) in [("title", title), ("What", what), ("Why", why), ("Bad", bad), ("Good", good)] {
            assert!(!text.is_empty(), "{} has no {name}", id(*rule));
        }
        for (name, text) in [("Bad", bad), ("Good", good)] {
            assert!(text.contains("```yaml"), "{} shows no YAML under {name}", id(*rule));
        }
    }
}

#[test]
fn ids_are_unique_and_name_the_rules_file() {
    let ids: BTreeSet<&str> = RULES.iter().map(|rule| id(*rule)).collect();
    assert_eq!(ids.len(), RULES.len());
    for rule in RULES {
        let file = root().join("src/rules").join(format!("{}.rs", id(*rule).replace('-', "_")));
        let source = fs::read_to_string(&file).unwrap_or_else(|_| panic!("{} is not there", file.display()));
        assert_eq!(source, rule.meta().source, "{} shows the documentation of another file", id(*rule));
    }
}

#[test]
fn every_rule_file_is_listed() {
    let listed: BTreeSet<&str> = RULES.iter().map(|rule| id(*rule)).collect();
    let families = names(&root().join("src/rules"));
    for family in families.iter().filter(|family| root().join("src/rules").join(family).is_dir()) {
        for file in names(&root().join("src/rules").join(family)) {
            let path = root().join("src/rules").join(family).join(&file);
            let text = fs::read_to_string(&path).unwrap_or_default();
            if text.contains("impl Rule for") {
                let id = format!("{family}/{}", file.trim_end_matches(".rs").replace('_', "-"));
                assert!(listed.contains(id.as_str()), "{id} is not in RULES");
            }
        }
    }
}

#[test]
fn examples_pass_and_fail_as_they_are_called() {
    for rule in RULES {
        let directory = root().join("fixtures/rules").join(id(*rule));
        let examples = names(&directory);
        let (mut passed, mut failed) = (0, 0);
        for example in &examples {
            let own: Vec<Finding> = judge_example(&directory.join(example))
                .into_iter()
                .filter(|found| found.rule == rule.meta().id)
                .collect();
            let shown = format!("{}/{example}", id(*rule));
            if example.starts_with("pass") {
                assert!(own.is_empty(), "{shown} must pass:\n{}", text(&own));
                passed += 1;
            } else {
                assert!(example.starts_with("fail"), "{shown} is neither pass nor fail");
                assert!(!own.is_empty(), "{shown} must fail");
                insta::assert_snapshot!(shown.replace('/', "__"), text(&own));
                failed += 1;
            }
        }
        assert!(passed > 0 && failed > 0, "{} has {passed} passing and {failed} failing examples", id(*rule));
    }
}

#[test]
fn every_example_belongs_to_a_rule() {
    let listed: BTreeSet<&str> = RULES.iter().map(|rule| id(*rule)).collect();
    let fixtures = root().join("fixtures/rules");
    for family in names(&fixtures) {
        for rule in names(&fixtures.join(&family)) {
            let id = format!("{family}/{rule}");
            assert!(listed.contains(id.as_str()), "fixtures/rules/{id} belongs to no rule");
        }
    }
}

/// A repository as it is read from a directory.
#[derive(Default)]
struct Repository {
    files: Vec<ManifestFile>,
    others: BTreeMap<RepoPath, Vec<u8>>,
    index: RepositoryIndex,
}

fn judge_example(example: &Path) -> Vec<Finding> {
    if example.is_file() {
        let name = example.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        let repository = repository(vec![(format!("cluster/common/{name}"), fs::read(example).expect("a file"))]);
        return judge_repository(&Repository::default(), &repository, None);
    }
    if example.join("cluster-says.yaml").is_file() {
        return judge_tried(example);
    }
    if example.join("team").is_dir() {
        let admin = load(&example.join("admin")).index;
        let team = admin.teams().next().expect("the admin repository has a team");
        return judge_repository(&Repository::default(), &load(&example.join("team")), Some(&team));
    }
    if example.join("after").is_dir() {
        return judge_repository(&load(&example.join("before")), &load(&example.join("after")), None);
    }
    judge_repository(&Repository::default(), &load(example), None)
}

/// A new repository whose definitions were tried on a cluster, with what it said of each.
fn judge_tried(example: &Path) -> Vec<Finding> {
    let says = fs::read_to_string(example.join("cluster-says.yaml")).expect("a file");
    let says: Value = serde_yaml::from_str(&says).expect("YAML");
    let answer = |name: &str| match &says[name] {
        said if said["accepted"].is_array() => Answer::Accepted { warnings: texts(&said["accepted"]) },
        said if said["refused"].is_string() => Answer::Refused {
            message: said["refused"].as_str().expect("a text").to_owned(),
            causes: said["causes"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(field, words)| (field.clone(), words.as_str().expect("a text").to_owned()))
                .collect(),
        },
        said => Answer::Untried {
            why: said["untried"].as_str().unwrap_or_else(|| panic!("nothing is said of {name}")).to_owned(),
            expected: said["expected"] == true,
        },
    };
    let Repository { files, index, .. } = load(&example.join("repository"));
    let view = View { before: RepositoryIndex::default(), after: index, roots: None, kubernetes: None };
    let mut change = Change::whole(view, files);
    let answers = change.to_try(0, 20).into_iter().map(|candidate| {
        let object = candidate.object.expect("nothing for Flux to fill in");
        (candidate.spot, answer(object["metadata"]["name"].as_str().expect("a name")))
    });
    let trials = Trials::new("dev".parse().expect("a name"), answers.collect::<Vec<_>>());
    change.tell_trials(0, trials);
    change.judge(0, Scope::Admin, &Policy::default()).findings
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn judge_repository(before: &Repository, after: &Repository, team: Option<&Team>) -> Vec<Finding> {
    let same =
        |file: &&ManifestFile| !before.files.iter().any(|old| old.path == file.path && old.source == file.source);
    let files: Vec<ManifestFile> = after.files.iter().filter(same).cloned().collect();
    let view = View {
        before: before.index.clone(),
        after: after.index.clone(),
        roots: team.map(|team| team.paths.clone()),
        kubernetes: None,
    };
    let change = match before.index.file_count() {
        0 => Change::whole(view, files),
        _ => change(view, files, before, after),
    };
    let scope = team.map_or(Scope::Admin, Scope::Team);
    let (old, own) = (policy(before), policy(after));
    let is_whole = before.index.file_count() == 0;
    let holds = if is_whole { own.clone() } else { old };
    let holds = holds.map(|policy| policy.expect("a policy that can be read")).unwrap_or_default();
    let mut judgement = change.judge(0, scope, &holds);
    if let Some(after) = own {
        let own = OwnPolicy { after, before: (!is_whole).then(|| holds.clone()), unbuilt: false };
        judgement.absorb(change.judge_policy(0, (scope, &holds), &own, &judgement));
    }
    judgement.findings
}

fn policy(repository: &Repository) -> Option<Result<Policy, PolicyError>> {
    let file = repository.files.iter().find(|file| file.path.as_str() == ".bailiwick/policy.yaml")?;
    Some(Policy::of(file, "2030-06-01".parse().expect("a date")))
}

#[test]
fn rules_of_changes_have_examples_of_changes_only() {
    for rule in RULES.iter().filter(|rule| !id(**rule).starts_with("policy/")) {
        let directory = root().join("fixtures/rules").join(id(*rule));
        let is_whole = |name: &&String| {
            let example = directory.join(name);
            name.starts_with("fail") && !example.join("after").is_dir() && !example.join("cluster-says.yaml").is_file()
        };
        let whole = names(&directory).iter().filter(is_whole).count();
        assert_eq!(is_of_changes(rule.meta().id), whole == 0, "{} has {whole} such examples", id(*rule));
    }
}

#[test]
fn what_is_tried_is_what_changes_and_is_applied() {
    let definition = |name: &str, more: &str| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: {name}}}\nspec: \
             {{group: example.org{more}}}\n---\n"
        )
    };
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a.example.org}\n---\n";
    let repository = |common: String, aside: &str| {
        let files = [
            ("cluster/kustomization.yaml", "resources: [common]\n".to_owned()),
            ("cluster/common/kustomization.yaml", "resources: [a.yaml]\n".to_owned()),
            ("cluster/common/a.yaml", common),
            ("docs/b.yaml", aside.to_owned()),
        ];
        repository(files.into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes())).collect())
    };
    let before = repository(definition("same.example.org", "") + &definition("other.example.org", ""), "");
    let texts = [
        definition("new.example.org", ", scope: '$${a}'"),
        definition("same.example.org", " "),
        secret.to_owned(),
        definition("other.example.org", ", scope: Cluster"),
        definition("open.example.org", ", scope: '${scope}'"),
        definition("old.example.org", "").replace("/v1\n", "/v1beta1\n"),
        definition("third.example.org", ""),
    ];
    let after = repository(texts.concat(), &definition("aside.example.org", ""));
    let files =
        after.files.iter().filter(|file| !file.path.as_str().ends_with("kustomization.yaml")).cloned().collect();
    let view = View { before: before.index.clone(), after: after.index.clone(), roots: None, kubernetes: None };
    let tried = change(view, files, &before, &after).to_try(0, 2);
    let names = tried.iter().map(|candidate| match &candidate.object {
        Ok(object) => object["metadata"]["name"].as_str().expect("a name"),
        Err(Answer::Untried { why, .. }) => why.split(' ').next().expect("a word"),
        Err(other) => panic!("nobody was asked: {other:?}"),
    });
    assert_eq!(names.collect::<Vec<_>>(), ["new.example.org", "other.example.org", "${…}", "2"]);
    let sent = tried[1].object.as_ref().expect("it is sent");
    assert_eq!(
        *sent,
        serde_json::json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "other.example.org"}, "spec": {"group": "example.org", "scope": "Cluster"},
        })
    );
}

fn change(view: View, files: Vec<ManifestFile>, before: &Repository, after: &Repository) -> Change {
    let differs = |path: &&RepoPath| before.others.get(*path) != after.others.get(*path);
    let others = before.others.keys().chain(after.others.keys()).filter(differs);
    let gone = before.files.iter().map(|file| &file.path).filter(|path| !after.index.contains_file(path));
    let paths: BTreeSet<RepoPath> = files.iter().map(|file| &file.path).chain(gone).chain(others).cloned().collect();
    let old = before.files.iter().filter(|file| paths.contains(&file.path)).cloned().collect();
    let read = |path: &RepoPath| {
        let known = after.files.iter().find(|file| file.path == *path).cloned();
        Ok::<_, Infallible>(known.or_else(|| Some(manifest::read(path.clone(), after.others.get(path)?))))
    };
    let mut change = Change::new(vec![view], Changed { files, old, paths }, read).expect("nothing to fail");
    change.look_at_users(read).expect("nothing to fail");
    change
}

fn load(directory: &Path) -> Repository {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        for name in names(&next) {
            let path = next.join(name);
            if path.is_dir() {
                waiting.push(path);
            } else {
                let inside = path.strip_prefix(directory).expect("inside").to_str().expect("UTF-8").to_owned();
                found.push((inside, fs::read(&path).expect("a file")));
            }
        }
    }
    found.sort();
    repository(found)
}

fn repository(found: Vec<(String, Vec<u8>)>) -> Repository {
    let mut files = Vec::new();
    let mut others = BTreeMap::new();
    let mut summaries = Vec::new();
    for (path, bytes) in found {
        let path: RepoPath = path.parse().expect("a path");
        if manifest::is_read(&path) {
            let file = manifest::read(path.clone(), &bytes);
            summaries.push((path, Arc::new(FileSummary::of(&file))));
            files.push(file);
        } else {
            summaries.push((path.clone(), Arc::new(FileSummary::other())));
            others.insert(path, bytes);
        }
    }
    Repository { files, others, index: RepositoryIndex::from_files(summaries) }
}

fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let Finding { rule, severity, message, location, object, field, help, reached, afar } = finding;
        assert_eq!(*afar, None, "an example has one repository");
        let place = format!("{}:{}:{}", location.file, location.line, location.column);
        writeln!(text, "{place} {severity} {rule}\n  {message}").expect("a string");
        if let Some(object) = object {
            writeln!(text, "  object: {object}").expect("a string");
        }
        if !field.is_empty() {
            writeln!(text, "  field: {field}").expect("a string");
        }
        writeln!(text, "  help: {help}").expect("a string");
        if let Some(by) = reached {
            writeln!(text, "  reached: {}:{}:{}", by.file, by.line, by.column).expect("a string");
        }
    }
    text
}

#[test]
fn an_exception_waives_and_is_counted() {
    let directory = root().join("fixtures/rules/tenancy/foreign-namespace/fail-admin");
    let after = load(&directory);
    let before = RepositoryIndex::default();
    let review = Review {
        scope: Scope::Admin,
        before: &before,
        whole_before: &before,
        after: &after.index,
        files: &after.files,
        old: &[],
        dropped: &BTreeMap::new(),
        left_out: None,
        definitions: &[],
        elsewhere: None,
        users: &Users::default(),
        trials: None,
        kubernetes: None,
        policy: None,
        powerful_kinds: &[],
        is_built: false,
        prepared: None,
    };
    let plain = judge(&review, &Policy::default());
    let policy = "severity: {tenancy/foreign-namespace: warning}\n\
        exceptions: [{rule: tenancy/foreign-namespace, path: cluster/team1/settings.yaml, reason: moved soon}]\n";
    let today = "2030-01-01".parse().expect("a date");
    let policy = Policy::parse(&"policy.yaml".parse().expect("a path"), policy, today).expect("a policy");
    let judged = judge(&review, &policy);
    assert!(judged.summary.waived > 0 && judged.waived.len() == judged.summary.waived);
    assert_eq!(plain.findings.len(), judged.findings.len() + judged.waived.len());
    assert!(judged.waived.iter().all(|waived| waived.reason == "moved soon"));
    assert!(judged.findings.iter().all(|finding| finding.severity <= Severity::Warning));
    let told = plain.summary.errors + plain.summary.notes;
    assert_eq!((plain.summary.files, told), (after.files.len(), plain.findings.len()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let file = manifest::read("cluster/x.yaml".parse().expect("a path"), &bytes);
        prop_assert!(file.problems.is_empty() || file.objects.is_empty());
    }

    #[test]
    fn yaml_like_text_is_read_without_panic(text in "([ \\t]{0,4}|- |\\? |: |[a-c:]{1,3}|[\\[\\]{},&*!|>'\"%@`#]|\n|\r\n|---|\\.\\.\\.|é|\u{2028}|\u{feff}|\\\\x4|~|<<){0,60}") {
        judge_text("cluster/team1/x.yaml", text.as_bytes());
        judge_text("cluster/kustomization.yaml", text.as_bytes());
    }

    #[test]
    fn damaged_manifests_are_judged_without_panic(at in 0usize..MANIFEST.len(), with in any::<u8>(), cut in 0usize..40) {
        let mut bytes = MANIFEST.as_bytes().to_vec();
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, [with]);
        judge_text("cluster/team1/x.yaml", &bytes);
        judge_text("cluster/team1/kustomization.yaml", &bytes);
    }

    #[test]
    fn damaged_definitions_are_judged_without_panic(at in 0usize..DEFINITION.len(), with in any::<u8>(), cut in 0usize..40) {
        let mut bytes = DEFINITION.as_bytes().to_vec();
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, [with]);
        judge_text("cluster/common/crd.yaml", &bytes);
    }
}

fn judge_text(path: &str, bytes: &[u8]) {
    let after = repository(vec![(path.to_owned(), bytes.to_vec())]);
    let findings = judge_repository(&Repository::default(), &after, None);
    for finding in findings {
        assert!(finding.location.line > 0 && finding.location.column > 0, "{finding:?}");
    }
}

const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  versions:
  - name: v1
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            default: {list: [{name: a, size: 1.5}]}
            properties:
              list:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items: {type: object, required: [name], properties: {name: {type: string, pattern: '^(a|[b-z]{1,3})$'}}}
              port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}], maximum: 9}
              map: {type: object, additionalProperties: {type: string, format: date-time, enum: [a, 1, {b: c}]}}
            x-kubernetes-validations:
            - {rule: \"self.list.all(one, one.name != 'a') && oldSelf.port == 1\", fieldPath: .list, message: no}
";

const MANIFEST: &str = "apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Namespace
  metadata: {name: \"team1\", labels: {toolkit.fluxcd.io/tenant: team1}}
- apiVersion: kustomize.toolkit.fluxcd.io/v1
  kind: Kustomization
  metadata: {name: team1, namespace: 'team1'}
  spec:
    path: ./
    sourceRef: {kind: GitRepository, name: team1}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: team1-reader
rules:
- apiGroups: [\"\"]
  resources: [\"*\"]
  verbs: [get]
---
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [a.yaml, ../b, https://example.com/x]
patches:
- path: |
    text
";

/// A definition of many fields, each with a schema.
fn many_fields(count: usize, schema: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.example.org}\n\
         spec:\n  group: example.org\n  scope: Namespaced\n  names: {kind: Widget, plural: widgets}\n  versions:\n  \
         - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n",
    );
    for number in 0..count {
        writeln!(text, "          field{number}: {schema}").expect("a string");
    }
    text
}

fn told_of(before: &str, after: &str, rule: &str) -> Vec<Finding> {
    let at = |text: &str| repository(vec![("cluster/common/crd.yaml".to_owned(), text.as_bytes().to_vec())]);
    let found = judge_repository(&at(before), &at(after), None);
    found.into_iter().filter(|finding| finding.rule.as_str() == rule).collect()
}

#[test]
fn of_very_many_faults_some_are_told_and_the_others_counted() {
    let found = told_of("{}", &many_fields(3_000, "{description: x}"), "crd/structural-type");
    assert_eq!(found.len(), 500);
    assert!(
        found[499].message.ends_with(" There are 2500 more like this one in this schema."),
        "{}",
        found[499].message
    );
}

#[test]
fn a_definition_that_differs_in_too_much_is_not_called_compared() {
    let (old, new) = (many_fields(3_000, "{type: string}"), many_fields(3_000, "{type: integer}"));
    assert_eq!(told_of(&old, &new, "crd/type-changed").len(), 2_000);
    let cut = told_of(&old, &new, "crd/unhandled-change");
    assert_eq!(cut.len(), 1);
    assert!(cut[0].message.contains("not all of it was compared"), "{}", cut[0].message);
    assert_eq!(told_of(&old, &old.replace("field9:", "field9 :"), "crd/unhandled-change").len(), 0);
}

#[test]
fn very_many_served_versions_are_compared_with_the_first() {
    use std::fmt::Write as _;
    let mut text = many_fields(1, "{type: string}");
    for number in 2..=60 {
        write!(
            text,
            "  - name: v{number}\n    served: true\n    storage: false\n    schema: {{openAPIV3Schema: {{type: object, \
             properties: {{field0: {{type: integer}}}}}}}}\n"
        )
        .expect("a string");
    }
    assert_eq!(told_of("{}", &text, "crd/served-versions-differ").len(), 59);
}
