use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;

const PARTS: [Part; 3] = [Part::Team, Part::TeamRepository, Part::Admin];

/// A repository's files with a template of its own, whose manifest and files these are.
fn with_template(own: &[(&str, &str)]) -> BTreeMap<RepoPath, String> {
    let own = own.iter().map(|(name, text)| (format!("{OVERRIDES}/flux-v2/team/{name}"), (*text).to_owned()));
    let own = own.map(|(path, text)| (path.parse().expect("a path"), text));
    repository().into_iter().chain(own).collect()
}

#[test]
fn built_in_templates_are_whole() {
    for layout in Layout::ALL {
        for part in PARTS {
            let template = Template::built_in(layout, part).unwrap_or_else(|error| panic!("{error}"));
            for (name, parameter) in template.parameters() {
                assert_eq!(parameter.misfit(&parameter.default), None, "{name}");
                assert!(!parameter.help.is_empty(), "{name}");
            }
            let folder = format!("{}/bot-config/templates/{layout}/{}", env!("CARGO_MANIFEST_DIR"), part.as_str());
            let (mut there, mut known) = (Vec::new(), template::built_in_names(layout, part));
            gather(Path::new(&folder), "", &mut there);
            there.sort();
            known.sort_unstable();
            assert_eq!(there, known, "{folder}");
        }
    }
}

fn gather(folder: &Path, below: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.expect("readable");
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            gather(&entry.path(), &format!("{name}/"), names);
        } else {
            names.push(name);
        }
    }
}

#[test]
fn the_repositorys_own_template_replaces_the_built_in_one() {
    let files = with_template(&[
        (
            "template.yaml",
            "parameters:\n  tier: {kind: choice, choices: [gold, tin], default: tin, help: how dear}\nfiles:\n- {name: ns.yaml, about: Ours.}\nentries:\n- {file: '${cluster_path}/kustomization.yaml', list: resources, add: '${team}'}\n",
        ),
        ("ns.yaml", "kind: Namespace\napiVersion: v1\nmetadata: {name: '${namespace}', labels: {tier: '${tier}'}}\n"),
        ("README.md", "Why we do that."),
    ]);
    let mut request = request("team2");
    request.settings.insert("tier".to_owned(), "gold".to_owned());
    insta::assert_snapshot!(changes(&files, &request).to_string());
}

/// A template's files, and what is said of them.
type Broken<'a> = (Vec<(&'a str, &'a str)>, &'a str);

fn refuses(broken: Vec<Broken<'_>>) {
    for (own, expected) in broken {
        let error = plan_in(&with_template(&own), &request("team2")).expect_err(expected).to_string();
        assert!(error.starts_with(&format!("the template {OVERRIDES}/flux-v2/team/")), "{error}");
        assert!(error.contains(expected) && error.ends_with("; mend the template"), "{error}");
    }
}

#[test]
fn a_template_with_a_broken_file_is_never_passed_over() {
    let manifest = "files:\n- {name: ns.yaml, about: x}\n";
    refuses(vec![
        (vec![("ns.yaml", "a: b\n")], "flux-v2/team/template.yaml cannot be used: it does not exist"),
        (
            vec![("template.yaml", "files:\n- {name: ns.yaml}\n")],
            "team/template.yaml:2 cannot be used: ns.yaml is listed, but is no file",
        ),
        (vec![("template.yaml", "files: []\nfils: []\n")], "template.yaml:2 cannot be used: unknown field `fils`"),
        (vec![("template.yaml", manifest), ("ns.yaml", "a: [\n")], "team/ns.yaml:2 cannot be used: "),
        (vec![("template.yaml", manifest), ("ns.yaml", "")], "team/ns.yaml cannot be used: it is empty"),
        (
            vec![("template.yaml", manifest), ("ns.yaml", "a: b\nc: ${typo}\n")],
            "team/ns.yaml:2 cannot be used: ${typo} is neither",
        ),
        (vec![("template.yaml", manifest), ("ns.yaml", "a: ${environment}\n")], "${environment} is neither"),
        (
            vec![("template.yaml", manifest), ("ns.yaml", "$when: typo\na: b\n")],
            "team/ns.yaml:1 cannot be used: a condition asks for typo",
        ),
        (vec![("template.yaml", manifest), ("ns.yaml", "$when: {}\na: b\n")], "a condition is a text"),
        (vec![("template.yaml", manifest), ("ns.yaml", "- {$value: b, c: d}\n")], "$value stands alone"),
        (vec![("template.yaml", manifest), ("ns.yaml", "a: !x b\n")], "a tag"),
        (
            vec![("template.yaml", manifest), ("ns.yaml", "a: b\n"), ("more.yaml", "a: b\n")],
            "team/more.yaml cannot be used: template.yaml does not list it",
        ),
    ]);
}

#[test]
fn a_template_with_a_broken_manifest_is_never_passed_over() {
    refuses(vec![
        (
            vec![("template.yaml", "files:\n- {name: ns.yaml, to: ../x}\n"), ("ns.yaml", "a: b\n")],
            "../x is no path inside",
        ),
        (
            vec![("template.yaml", "files:\n- {name: ns.yaml, to: '${git_url}/x'}\n"), ("ns.yaml", "a: b\n")],
            "${git_url} cannot stand in a path",
        ),
        (
            vec![("template.yaml", "files:\n- {name: ns.yaml, to: .git/x}\n"), ("ns.yaml", "a: b\n")],
            ".git/x is no path inside",
        ),
        (
            vec![("template.yaml", "parameters:\n  team: {kind: name, default: x, help: x}\nfiles: []\n")],
            "template.yaml:2 cannot be used: team cannot be a parameter's name",
        ),
        (
            vec![("template.yaml", "parameters:\n  a: {kind: integer, default: x, help: x}\nfiles: []\n")],
            "the default of a must be a whole number",
        ),
        (
            vec![(
                "template.yaml",
                "parameters:\n  a: {kind: choice, choices: [x], default: x, help: x, sets: {y: {}}}\nfiles: []\n",
            )],
            "a sets something for y",
        ),
        (
            vec![(
                "template.yaml",
                "parameters:\n  a: {kind: choice, choices: [x], default: x, help: x, sets: {x: {b: c}}}\nfiles: []\n",
            )],
            "a sets b, which is no parameter",
        ),
        (
            vec![("template.yaml", "files: []\nrefuse:\n- {when: typo, because: x}\n")],
            "template.yaml:3 cannot be used: a condition asks for typo",
        ),
        (vec![("template.yaml", "files: []\nrefuse:\n- {when: a b c, because: x}\n")], "a condition is written NAME"),
        (
            vec![("template.yaml", "files: []\nentries:\n- {file: x, add: y}\n")],
            "template.yaml:3 cannot be used: the entry y must name either a `list` or `lines`",
        ),
        (vec![("template.yaml", "files: []\nentries:\n- {file: x, list: y, add: '${typo}'}\n")], "${typo} is neither"),
    ]);
}

#[test]
fn a_template_that_nobody_looks_for_is_never_passed_over() {
    for stray in ["flux-v3/team/template.yaml", "flux-v2/teams/template.yaml", "flux-v2/template.yaml", "template.yaml"]
    {
        let mut files = repository();
        files.insert(format!("{OVERRIDES}/{stray}").parse().expect("a path"), "files: []\n".to_owned());
        let error = plan_in(&files, &request("team2")).expect_err(stray).to_string();
        assert!(
            error.contains(&format!("{OVERRIDES}/{stray} cannot be used: no template is looked for there")),
            "{error}"
        );
    }
    // One for another layout is of no account here, and notes are none.
    let mut files = repository();
    for (path, text) in [
        ("flux-v1/team/template.yaml", "broken: ["),
        ("README.md", "hi"),
        ("flux-v2/team-repo/template.yaml", "broken"),
    ] {
        files.insert(format!("{OVERRIDES}/{path}").parse().expect("a path"), text.to_owned());
    }
    assert_eq!(changes(&files, &request("team2")), changes(&repository(), &request("team2")));
}

#[test]
fn presets_and_choices_give_way_to_what_is_set() {
    let hard = |settings: &[(&str, &str)], preset: &[(&str, &str)]| {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let preset = Preset { name: "ours".to_owned(), settings: map(preset) };
        let request = TeamRequest { settings: map(settings), preset: Some(preset), ..request("team2") };
        plan_in(&repository(), &request).map(|outcome| match outcome {
            Outcome::Changes(plan) => plan.to_string(),
            Outcome::AlreadyThere => String::new(),
        })
    };
    for (settings, preset, cpu, memory) in [
        (&[][..], &[][..], "\"8\"", "16Gi"),
        (&[("quota", "large")], &[], "\"32\"", "64Gi"),
        (&[("quota", "large"), ("cpu", "40")], &[], "\"40\"", "64Gi"),
        (&[], &[("quota", "small")], "\"2\"", "4Gi"),
        (&[("memory", "5Gi")], &[("quota", "small"), ("memory", "6Gi")], "\"2\"", "5Gi"),
        (&[("quota", "large")], &[("cpu", "64")], "\"64\"", "64Gi"),
    ] {
        let text = hard(settings, preset).expect("planned");
        assert!(text.contains(&format!("requests.cpu: {cpu}\n")), "{text}");
        assert!(text.contains(&format!("requests.memory: {memory}\n")), "{text}");
    }
    let error = hard(&[], &[("cpus", "1")]).expect_err("unknown").to_string();
    assert_eq!(
        error,
        "the preset ours of the configuration does not fit: \"cpus\" is no setting of this template; did you mean cpu?"
    );
    let error = hard(&[("pod-security", "privileged")], &[]).expect_err("a misfit").to_string();
    assert!(error.starts_with("the setting pod_security must be baseline, restricted"), "{error}");
    let error = hard(&[("alerts", "slack")], &[]).expect_err("no address").to_string();
    assert!(error.starts_with("alerts need an address"), "{error}");
    let error = hard(&[("rpo", "x")], &[]).expect_err("unknown").to_string();
    assert!(error.ends_with("did you mean repo?"), "{error}");
}
