use proptest::prelude::*;

use crate::fuzzing::{fence, hide, quote};

use std::collections::BTreeMap;

use super::{
    Approve, COMMANDS, Command, CommandError, CreateTeam, Promote, RemoveTeam, RotateKey, help_text, issue_form, parse,
};

fn create(team: &str) -> Command {
    let team = team.parse().expect("a team's name");
    Command::CreateTeam(CreateTeam { team, repository: None, preset: None, settings: BTreeMap::new(), plan: false })
}

fn one(body: &str) -> Result<Command, CommandError> {
    let mut commands = parse(body);
    assert_eq!(commands.len(), 1, "{body:?}: {commands:?}");
    commands.remove(0)
}

fn refused(body: &str) -> String {
    one(body).expect_err("refused").to_string()
}

#[test]
fn commands_start_a_line() {
    assert_eq!(one("/help"), Ok(Command::Help));
    assert_eq!(one("   /check  \r\n"), Ok(Command::Check));
    assert_eq!(one("Hello!\n/create-team team2\nthank you"), Ok(create("team2")));
    assert_eq!(parse("/check\n/help\n\n/create-team a"), [Ok(Command::Check), Ok(Command::Help), Ok(create("a"))]);
    assert_eq!(parse("please /check"), []);
    assert_eq!(parse(""), []);
}

#[test]
fn create_team_takes_its_options_anywhere_and_once() {
    let full = Command::CreateTeam(CreateTeam {
        team: "team2".parse().expect("a team's name"),
        repository: Some("org/dev_team2".parse().expect("a repository")),
        preset: Some("big".to_owned()),
        settings: [("cpu", "40"), ("pod-security", "baseline")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        plan: true,
    });
    for body in [
        "/create-team team2 --repo org/dev_team2 --preset big --cpu 40 --pod-security baseline --plan",
        "/create-team --plan --pod_security=baseline --cpu=40 --repo=org/dev_team2 --preset=big team2",
        "/create-team --repo org/dev_team2 --cpu 40 team2 --plan --pod-security baseline --preset big",
    ] {
        assert_eq!(one(body), Ok(full.clone()), "{body}");
    }
    assert_eq!(
        full.to_string(),
        "/create-team team2 --repo org/dev_team2 --preset big --cpu 40 --pod-security baseline --plan"
    );
    for command in [full, create("team2"), Command::Check, Command::Help] {
        assert_eq!(one(&command.to_string()), Ok(command));
    }
    for (body, problem) in [
        ("/create-team", "TEAM is missing"),
        ("/create-team a b", "\"b\" is one word too many"),
        ("/create-team a --plan --plan", "`--plan` is written twice"),
        ("/create-team a --repo", "`--repo` needs a value"),
        ("/create-team a --repo --plan", "`--repo` needs a value"),
        ("/create-team a --repo x/y --repo=x/y", "`--repo` is written twice"),
        ("/create-team a --repo org", "must be `owner/name`"),
        ("/create-team a --force", "\"--force\" is not an option"),
        ("/create-team a --force --plan", "\"--force\" is not an option"),
        ("/create-team a --cpu", "\"--cpu\" is not an option of this command, or needs a value"),
        ("/create-team a --cpu 1 --cpu=2", "\"--cpu\" is written twice"),
        ("/create-team a --git-secret x --git_secret y", "`--git-secret` is written twice"),
        ("/create-team a --CPU 1", "\"--CPU\" is not an option"),
        ("/create-team a --../x 1", "\"--../x\" is not an option"),
        ("/create-team a --cpu t\u{435}n", "\"t\\u{435}n\" is no value for cpu"),
        ("/create-team a --preset Big", "\"Big\" is no preset's name"),
        ("/create-team a --1x 1", "\"1x\" is no setting"),
        ("/create-team --force a", "TEAM is missing"),
        ("/create-team a -- b", "\"--\" is not an option"),
        ("/create-team a \u{2014}plan", "write two plain hyphens"),
        ("/create-team common", "is reserved"),
        ("/create-team ../x", "cannot be a team's name"),
        ("/check now", "\"now\" is one word too many"),
    ] {
        let error = refused(body);
        assert!(error.contains(problem) && error.contains("Usage: `/"), "{body}: {error}");
    }
}

#[test]
fn promote_may_name_a_cluster_and_ask_for_the_plan_alone() {
    let full = Command::Promote(Promote { cluster: Some("prod".parse().expect("a cluster's name")), plan: true });
    for body in ["/promote --cluster prod --plan", "/promote --plan --cluster=prod"] {
        assert_eq!(one(body), Ok(full.clone()), "{body}");
    }
    let plain = Command::Promote(Promote { cluster: None, plan: false });
    assert!(full.is_plan_only() && !plain.is_plan_only());
    for command in [full, plain] {
        assert_eq!(one(&command.to_string()), Ok(command));
    }
    for (body, problem) in [
        ("/promote team1", "\"team1\" is one word too many"),
        ("/promote --cluster", "`--cluster` needs a value"),
        ("/promote --cluster a --cluster b", "`--cluster` is written twice"),
        ("/promote --cluster ../x", "cluster name: \"../x\" must be lower-case letters"),
        ("/promote --force", "\"--force\" is not an option"),
    ] {
        let error = refused(body);
        assert!(error.contains(problem) && error.contains("Usage: `/promote"), "{body}: {error}");
    }
    assert!(refused("/promot").contains("Did you mean `/promote`?"));
}

#[test]
fn rotate_key_names_a_team_and_may_name_a_cluster() {
    let team: crate::names::TeamName = "team1".parse().expect("a team's name");
    let plain = Command::RotateKey(RotateKey { team: team.clone(), cluster: None, plan: false });
    let cluster = Some("prod".parse().expect("a cluster's name"));
    let full = Command::RotateKey(RotateKey { team, cluster, plan: true });
    assert_eq!(one("/rotate-key --plan team1 prod"), Ok(full.clone()));
    assert!(full.is_plan_only() && !plain.is_plan_only());
    for command in [full, plain] {
        assert_eq!(one(&command.to_string()), Ok(command));
    }
    for (body, problem) in [
        ("/rotate-key", "TEAM is missing"),
        ("/rotate-key a b c", "\"c\" is one word too many"),
        ("/rotate-key ../x", "cannot be a team's name"),
        ("/rotate-key a ../x", "cluster name: \"../x\" must be lower-case letters"),
        ("/rotate-key a --force", "\"--force\" is not an option"),
    ] {
        let error = refused(body);
        assert!(error.contains(problem) && error.contains("Usage: `/rotate-key"), "{body}: {error}");
    }
}

#[test]
fn look_alikes_and_quotes_are_shown() {
    assert!(refused("/create-team t\u{435}am").contains("\"t\\u{435}am\""));
    assert!(refused("/create-team \u{201c}team2\u{201d}").contains("\\u{201c}team2\\u{201d}"));
    assert!(refused("/create-team\u{a0}team2").contains("\\u{a0}team2"));
}

#[test]
fn unknown_commands_get_a_hint_and_paths_do_not() {
    assert!(refused("/creat-team x").contains("Did you mean `/create-team`?"));
    assert!(refused("/create x").contains("Did you mean `/create-team`?"));
    assert!(refused("/Check").contains("Did you mean `/check`?"));
    let error = refused("/lgtm");
    assert!(error.contains("is not a command") && !error.contains("Did you mean"), "{error}");
    for path in ["/etc/passwd", "/foo/bar baz", "/", "/ check", "//check", "/2fast", "/-x", "/check.", "/USR", "/x1"] {
        assert_eq!(parse(path), [], "{path}");
    }
}

#[test]
fn only_plain_text_counts() {
    for body in [
        "`/check`",
        "```\n/check\n```",
        "~~~\n/check",
        "    /check",
        "\t/check",
        "> /check",
        "> quote\n/check",
        "> [!NOTE]\n> /check",
        "- /check",
        "- item\n/check",
        "1. /check",
        "- [ ] /check",
        "# /check",
        "/check\n---",
        "/check\n===",
        "**/check**",
        "~~/check~~",
        "[/check](https://example.org)",
        "[a\n/check\nb](https://example.org)",
        "![a\n/check\nb](https://example.org)",
        "*a\n/check\nb*",
        "``a\n/check\nb``",
        "$$\n/check\n$$",
        "<!-- /check -->",
        "<!--\n\n/check\n\n-->",
        "text <!--\n/check\n-->",
        "<div>\n<!--\n\n/check\n\n-->\n</div>",
        "<details>\n\n/check\n\n</details>",
        "<blockquote>\n\n/check",
        "<pre>\n/check\n</pre>",
        "<div>/check</div>",
        "<div>\n/check\n</div>",
        "/check | b\n--- | ---\nc | d",
        "a | b\n--- | ---\n/check | d",
        "[^1]: /check\n\ntext[^1]",
        "[^1]:\n    /check\n\ntext[^1]",
        "\\/check",
        "&#47;check",
        "text\n     /check",
    ] {
        assert_eq!(parse(body), [], "{body:?}");
    }
}

#[test]
fn what_was_closed_no_longer_hides() {
    for body in [
        "<details>\n\nx\n\n</details>\n\n/check",
        "<!-- x -->\n\n/check",
        "```\nx\n```\n/check",
        "> quote\n\n/check",
        "for <customer>\n\n/check",
        "<br>\n\n/check",
    ] {
        assert_eq!(one(body), Ok(Command::Check), "{body:?}");
    }
}

#[test]
fn formatted_arguments_are_refused() {
    for body in ["/create-team `team2`", "/create-team **team2**", "/create-team [team2](x)", "/check <!-- x -->"] {
        assert!(refused(body).contains("write it as plain text"), "{body}");
    }
    // A reference that leads nowhere is text.
    assert!(refused("/create-team [team2]").contains("cannot be a team's name"));
}

#[test]
fn sizes_are_capped() {
    let many = "/check\n".repeat(7);
    let commands = parse(&many);
    assert_eq!(commands.len(), 6);
    assert_eq!(commands.iter().filter(|command| command.is_ok()).count(), 5);
    assert_eq!(commands[5], Err(CommandError::TooMany { limit: 5 }));
    assert!(refused(&format!("/create-team {}", "x".repeat(600))).contains("longer than 500 bytes"));
    assert!(refused(&"x".repeat(300_000)).contains("longer than 262144 bytes"));
    assert_eq!(parse(&format!("/{}", "x".repeat(600))), []);
}

#[test]
fn hostile_nesting_is_read_in_reasonable_time() {
    for unit in ["> ", "- ", "[", "*a_ ", "<", "`", "![", "<div>", "/check `"] {
        parse(&unit.repeat(60_000 / unit.len()));
    }
}

#[test]
fn a_team_leaves_by_its_name_and_with_its_words_once() {
    let full =
        Command::RemoveTeam(RemoveTeam { team: "team3".parse().expect("a team"), without_proof: true, plan: true });
    assert_eq!(one("/remove-team --plan team3 --without-proof"), Ok(full.clone()));
    assert_eq!(full.to_string(), "/remove-team team3 --without-proof --plan");
    assert!(full.is_plan_only());
    for (line, problem) in [
        ("/remove-team", "TEAM is missing"),
        ("/remove-team a b", "\"b\" is one word too many"),
        ("/remove-team a --force", "\"--force\" is not an option"),
        ("/remove-team common", "is reserved"),
        ("/remove-team a --plan --plan", "`--plan` is written twice"),
        ("/rename-team a", "NEW is missing"),
        ("/rename-team a a", "both names are the same"),
        ("/rename-team a ../x", "cannot be a team's name"),
    ] {
        assert!(refused(line).contains(problem), "{line}: {}", refused(line));
    }
    assert_eq!(one("/rename-team old new").map(|command| command.to_string()), Ok("/rename-team old new".to_owned()));
}

#[test]
fn help_lists_every_command() {
    let help = help_text();
    for spec in COMMANDS {
        assert!(help.contains(spec.usage) && help.contains(spec.help), "{}", spec.name);
        assert!(spec.usage.starts_with(&format!("/{}", spec.name)));
    }
    insta::assert_snapshot!(help, @r"
    Commands start a line of a new comment, as plain text:

    - `/create-team TEAM [--repo OWNER/NAME] [--preset NAME] [--SETTING VALUE]… [--plan]`: Opens a pull request that adds the team; with `--plan` only shows what it would hold. Settings are those of the template, such as `--quota large`.
    - `/remove-team TEAM [--without-proof] [--plan]`: Opens the first of two pull requests that take the team away; written again once that is applied, the second; and once more after that, removes the team's deploy key. With `--plan` only shows both and what will be lost.
    - `/rename-team OLD NEW`: Says what to do instead: a team's name is that of its namespace, which Kubernetes cannot rename.
    - `/rotate-key TEAM [CLUSTER] [--plan]`: Gives the team a new deploy key; the old one goes once Flux has fetched with the new one. With `--plan` only says what would be done.
    - `/promote [--cluster NAME] [--plan]`: Proposes the definitions and cluster roles of a team's pull request in the admin repository; with `--plan` only shows what it would hold.
    - `/waive RULE KIND/[NAMESPACE/]NAME REASON…`: Lets the findings of one rule on one object of the pull request pass, as long as the object stays as it is.
    - `/approve [COMMIT] [--withdraw]`: Approves the rights in the whole cluster that the pull request grants, for its present head only; not for its author.
    - `/check`: Judges the pull request again.
    - `/help`: Lists these commands.
    ");
}

#[test]
fn a_command_has_so_many_settings() {
    let settings = |count: usize| (0..count).map(|number| format!(" --s{number} 1")).collect::<String>();
    assert!(one(&format!("/create-team a{}", settings(20))).is_ok());
    assert!(refused(&format!("/create-team a{}", settings(21))).contains("there are more than 20 settings"));
}

#[test]
fn an_issue_made_with_the_form_is_a_command() {
    let issue = "### Team name\n\nteam2\n\n### Repository\n\n_No response_\n\n### Quota\n\nlarge\n\n### Pod security\r\n\r\nrestricted\r\n\n### Alert secret\n\n\n### Notes\n\nPlease!\n### Team name\n/create-team x\n### Quota\n";
    let command = issue_form(issue).expect("the form").expect("a command");
    assert_eq!(command.to_string(), "team2 --pod-security restricted --quota large");
    let command =
        issue_form("### Team name\n\nteam2\n\n### Repository\n\norg/x\n### Preset\n\nbig\n").expect("the form");
    assert_eq!(command.map(|command| command.to_string()), Ok("team2 --repo org/x --preset big".to_owned()));
    for (body, expected) in [
        ("### Team name\n", "the field \"Team name\" is empty"),
        ("### Team name\n\n_No response_\n", "the field \"Team name\" is empty"),
        ("### Team name\nteam2\nteam3\n", "the answer to \"Team name\" has several lines"),
        ("### Team name\na\n### Team name\nb\n", "the field \"Team name\" stands there twice"),
        ("### Team name\n../x\n", "cannot be a team's name"),
        ("### Team name\ncommon\n", "is reserved"),
        ("### Team name\na\n### Repository\nx\n", "must be `owner/name`"),
        ("### Team name\na\n### Quota\nlarge @org/all\n", "\"large @org/all\" is no value for quota"),
        ("### Team name\na\n### Quota\n--plan\n", "is no value for quota"),
        ("### Team name\na\n### <script>\nx\n", "\"<script>\" is no setting"),
    ] {
        let error = issue_form(body).expect("the form").expect_err(body);
        assert!(error.contains(expected), "{body:?}: {error}");
    }
    for body in [
        "",
        "team2",
        "#### Team name\n\na\n",
        "> ### Team name\n\na\n",
        "```\n### Team name\n\na\n```\n",
        "x\n### Team name\n\na",
    ] {
        assert_eq!(issue_form(body), None, "{body:?}");
    }
    let many: String = (0..30).map(|number| format!("### s{number}\n1\n")).collect();
    let error = issue_form(&format!("### Team name\na\n{many}")).expect("the form").expect_err("many");
    assert!(error.contains("more than 25 fields"), "{error}");
    let long = format!("### Team name\na\n{}", "x\n".repeat(200_000));
    assert!(issue_form(&long).expect("the form").expect_err("long").contains("was not read"));
}

proptest! {
    #[test]
    fn an_issue_is_read_or_refused(body in any::<String>(), noise in "(### (Team name|Quota|Notes|[a-z]{1,3})\n|[a-z-]{0,5}\n|\n|`|/){0,12}") {
        for body in [body.clone(), noise.clone(), format!("### Team name\n{noise}"), format!("### Team name\n{body}")] {
            if let Some(Ok(command)) = issue_form(&body) {
                // What is read is what somebody could have written as a comment.
                let written = format!("/create-team {command}");
                if written.len() <= 500 {
                    prop_assert_eq!(one(&written), Ok(Command::CreateTeam(command)));
                }
            }
        }
    }
}

#[test]
fn approve_takes_a_commit_or_none() {
    let parsed = |text: &str| match parse(text).pop() {
        Some(Ok(Command::Approve(approve))) => approve,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(parsed("/approve"), Approve { commit: None, withdraw: false });
    assert_eq!(parsed("/approve ABCDEF012345").commit.as_deref(), Some("abcdef012345"));
    let back = parsed("/approve --withdraw 0123456789abcdef");
    assert!(back.withdraw && Command::Approve(back).to_string() == "/approve 0123456789abcdef --withdraw");
    for (text, expected) in [
        ("/approve abcdef", "at least 12 characters"),
        ("/approve abcdef01234g", "is no commit"),
        ("/approve abcdef012345 please", "is one word too many"),
        ("/approve --force", "is not an option"),
        ("/approve —withdraw", "typographic dash"),
    ] {
        let error = parse(text).pop().expect("one").expect_err("refused").to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn waive_names_a_rule_an_object_and_a_reason() {
    let parsed = |body: &str| match one(body) {
        Ok(Command::Waive(command)) => command,
        other => panic!("{body}: {other:?}"),
    };
    let waive = parsed("/waive  rbac/wildcard ClusterRole/system:x.y   It is  -- needed here.");
    assert_eq!(
        (waive.kind.as_str(), waive.namespace.as_deref(), waive.name.as_str()),
        ("ClusterRole", None, "system:x.y")
    );
    assert_eq!(waive.reason, "It is -- needed here.");
    let namespaced = parsed("/waive rbac/wildcard Role/team1/x It is needed.");
    assert_eq!(namespaced.namespace.as_deref(), Some("team1"));
    for command in [waive, namespaced] {
        assert_eq!(parsed(&Command::Waive(command.clone()).to_string()), command);
    }
    for (body, problem) in [
        ("/waive", "the rule is missing"),
        ("/waive rbac/wildcrd ClusterRole/x It is needed.", "\"rbac/wildcrd\" is no rule"),
        ("/waive rbac/wildcard", "the object is missing"),
        ("/waive rbac/wildcard x It is needed.", "\"x\" is no object"),
        ("/waive rbac/wildcard ClusterRole/ It is needed.", "is no object"),
        ("/waive rbac/wildcard a/b/c/d It is needed.", "is no object"),
        ("/waive rbac/wildcard ClusterRole/x", "say behind the object why"),
        ("/waive rbac/wildcard ClusterRole/x ok", "say behind the object why"),
    ] {
        let error = one(body).expect_err(body).to_string();
        assert!(error.contains(problem), "{body}: {error}");
    }
}

fn comment() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/check".to_owned()),
        Just("/create-team team2".to_owned()),
        Just("/promote --cluster".to_owned()),
        Just("\n".to_owned()),
        Just("\n\n".to_owned()),
        "[ \t]{1,5}",
        "[-*_>#`~$|<>!\\[\\]()\\\\&;:=]{1,4}",
        "</?(div|details|pre|!--|b)>?",
        "\\PC{0,8}",
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn parsing_never_panics(text in any::<String>(), body in comment()) {
        parse(&text);
        parse(&body);
    }

    #[test]
    fn quoted_commands_do_nothing(body in comment()) {
        prop_assert_eq!(parse(&quote(&body)), []);
    }

    #[test]
    fn fenced_commands_do_nothing(body in comment()) {
        prop_assert_eq!(parse(&fence(&body)), []);
    }

    #[test]
    fn commented_out_commands_do_nothing(body in comment()) {
        prop_assert_eq!(parse(&hide(&body)), []);
    }

    #[test]
    fn errors_repeat_only_harmless_text(body in comment()) {
        for error in parse(&body).into_iter().filter_map(Result::err) {
            prop_assert!(error.to_string().chars().all(|c| c == '…' || c.is_ascii_graphic() || c == ' '), "{}", error);
        }
    }
}
