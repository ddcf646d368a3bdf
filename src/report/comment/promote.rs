//! The words about `/promote`. What the team has written (names, paths) is code everywhere, and short.

use crate::names::{ClusterName, CommitId, IssueNumber, Login, RepoPath, RepositoryName, TeamName};
use crate::report::markdown::{self, code};
use crate::report::visible;
use crate::scaffold::promote::{ClusterObject, Fate, Gathered, Promotion, Refusal};
use crate::tenancy::ObjectId;

/// Bytes of a name or path that are shown, hidden characters written out. With [`MOST_LINES`] names in each list the
/// longest comment stays below the 65,536 characters that GitHub takes.
const LONGEST_NAME: usize = 200;
/// Lines of a list that are shown.
const MOST_LINES: usize = 20;
/// Bytes of a reason, of which each may become four.
const LONGEST_REASON: usize = 500;
/// Bytes of a plan.
const LONGEST_PLAN: usize = 30_000;

/// A pull request of the admin repository. Its number with the repository's name is a link wherever it is written.
type There<'a> = (&'a RepositoryName, IssueNumber);

/// A promotion, for the words about it.
#[derive(Debug, Clone, Copy)]
pub struct Promoted<'a> {
    /// The team.
    pub team: &'a TeamName,
    /// The cluster.
    pub cluster: &'a ClusterName,
    /// The team's pull request.
    pub pull: (&'a RepositoryName, IssueNumber),
    /// Its head, as it was read.
    pub head: &'a CommitId,
    /// The fork that the head is from; the inner `None` is one that is gone.
    pub fork: Option<Option<&'a RepositoryName>>,
    /// Who opened the team's pull request, as the forge says, and whether it is a person, who can be mentioned.
    pub author: Option<(&'a Login, bool)>,
    /// Who has written the command.
    pub asked_by: &'a Login,
    /// What was found in the pull request.
    pub gathered: &'a Gathered,
    /// What becomes of it.
    pub promotion: &'a Promotion,
}

/// The title of the pull request, and of its commit.
pub fn promotion_title(promoted: &Promoted<'_>) -> String {
    format!("Promote cluster-wide objects of {}", promoted.team)
}

/// The body of the pull request in the admin repository.
pub fn promotion_body(promoted: &Promoted<'_>) -> String {
    let Promoted { team, cluster, pull: (repository, number), head, promotion, .. } = promoted;
    let (requester, fork) = (requester(promoted), fork(promoted));
    format!(
        "Cluster-wide objects of **{team}** for {cluster}, from {repository}#{number} at `{head}`. {requester}\n\n{fork}\
         {}{}{}\
         The text is the team's, word for word. `bailiwick/review` judges it as any other change here; look yourself at what \
         it gives to whom.\n\n\
         Writing `/promote` again in {repository}#{number} brings this pull request up to date. To refuse it, close it: it \
         is not opened again.",
        table(promoted),
        kept(&promotion.kept),
        transformed(promoted),
    )
}

/// The answer where the pull request is open.
pub fn promotion_opened(promoted: &Promoted<'_>, there: There<'_>, updated: bool) -> String {
    let verb = if updated { "is open already and now up to date" } else { "is open" };
    let (repository, number) = there;
    format!(
        "{repository}#{number} {verb}: it proposes this to the admins of {}, from `{}`.\n\n{}{}{}{}{}",
        promoted.cluster,
        promoted.head,
        table(promoted),
        kept(&promoted.promotion.kept),
        transformed(promoted),
        remove(promoted),
        left(promoted.gathered),
    )
}

/// `--plan`: what would be written.
pub fn promotion_plan(promoted: &Promoted<'_>, open: Option<There<'_>>) -> String {
    let what = match open {
        Some((repository, number)) => format!("bring {repository}#{number} up to date"),
        None => format!("open a pull request in the admin repository of {}", promoted.cluster),
    };
    format!(
        "`/promote` would {what} with these changes, from `{}`. Nothing was done.\n\n{}\n{}",
        promoted.head,
        markdown::block(&plan_text(promoted.promotion), ""),
        left(promoted.gathered),
    )
    .trim_end()
    .to_owned()
}

/// Everything is in the admin repository already.
pub fn promotion_already(promoted: &Promoted<'_>, open: Option<There<'_>>) -> String {
    format!(
        "The admin repository of {} has all of this already, as it is here. There is nothing to propose.{}\n\n{}{}",
        promoted.cluster,
        still_open(open),
        remove(promoted),
        left(promoted.gathered),
    )
}

/// There is nothing to promote.
pub fn promotion_nothing(gathered: &Gathered, open: Option<There<'_>>) -> String {
    format!(
        "There is nothing to promote: this pull request adds and changes no CustomResourceDefinition, ClusterRole or \
         ClusterRoleBinding.{}\n{}",
        still_open(open),
        left(gathered),
    )
    .trim_end()
    .to_owned()
}

/// Something cannot be moved, so nothing is.
pub fn promotion_refused(refusals: &[Refusal]) -> String {
    let line = |Refusal { place: (file, line), object, why }: &Refusal| {
        let object = object.as_ref().map_or_else(String::new, |id| format!(" {}", object_words(id)));
        format!("- {}{object}: {}\n", place(file, *line), markdown::prose(&short(why, LONGEST_REASON)))
    };
    format!("I cannot promote this, so nothing was done:\n\n{}", list(refusals.iter().map(line))).trim_end().to_owned()
}

/// There is no plan, for one reason.
pub fn promotion_impossible(problem: &str) -> String {
    format!("I cannot promote this: {}\n\nNothing was done.", markdown::prose(&short(problem, LONGEST_REASON)))
}

/// The admins have closed the pull request.
pub fn promotion_closed((repository, number): There<'_>) -> String {
    format!(
        "The admins have closed {repository}#{number} without merging it, so nothing was done: I do not open it again. Talk to \
         them there; where one of them opens it again, `/promote` brings it up to date."
    )
}

/// The team is in several clusters.
pub fn promotion_which_cluster(clusters: &[&ClusterName]) -> String {
    let lines: String = clusters.iter().map(|name| format!("- `/promote --cluster {name}`\n")).collect();
    format!("Several clusters take this repository. Write for which it is meant:\n\n{lines}\nNothing was done.")
}

/// The cluster that was named is not one of the team's.
pub fn promotion_not_of_cluster(cluster: &ClusterName) -> String {
    format!("No cluster `{cluster}` takes this repository. Nothing was done.")
}

/// The pull request is into a branch that no cluster takes.
pub fn promotion_other_branch(branch: &str) -> String {
    format!(
        "This pull request is into a branch from which nothing is applied, so nothing was done. The cluster takes {}.",
        name(branch)
    )
}

fn requester(promoted: &Promoted<'_>) -> String {
    let by = match promoted.author {
        Some((login, true)) => format!("Requested by @{login}"),
        Some((login, false)) => format!("Requested by {}", code(login.as_str())),
        None => "Requested by an account that is gone".to_owned(),
    };
    match promoted.author {
        Some((login, _)) if login == promoted.asked_by => format!("{by}."),
        _ => format!("{by}, by a comment of {}.", code(promoted.asked_by.as_str())),
    }
}

fn fork(promoted: &Promoted<'_>) -> String {
    let whose = match promoted.fork {
        None => return String::new(),
        Some(Some(repository)) => format!("the fork {}", code(repository.as_str())),
        Some(None) => "a fork that is gone".to_owned(),
    };
    format!("⚠️ The head is from {whose}: whoever wrote it need not be of the team.\n\n")
}

/// Every object with where it is from and what becomes of it.
fn table(promoted: &Promoted<'_>) -> String {
    let row = |(object, fate): (&ClusterObject, &Fate)| {
        let (path, what) = match fate {
            Fate::New(path) => (path, "new"),
            Fate::Changed(path) => (path, "**changed**"),
            Fate::Already(path) => (path, "there already"),
        };
        let (object, from) = (object_words(&object.id), place(&object.file, object.line));
        format!("| {object} | {from} | {}, {what} |\n", name(path.as_str()))
    };
    let rows: String = promoted.gathered.objects.iter().zip(&promoted.promotion.fates).map(row).collect();
    format!("| object | in the team's repository | in the admin repository |\n|---|---|---|\n{rows}\n")
}

fn kept(paths: &[RepoPath]) -> String {
    if paths.is_empty() {
        return String::new();
    }
    let line = |path: &RepoPath| format!("- {}\n", name(path.as_str()));
    format!(
        "Promoted earlier, and no more in the team's pull request; it stays unless an admin removes it:\n\n{}\n",
        list(paths.iter().map(line))
    )
}

fn transformed(promoted: &Promoted<'_>) -> String {
    let paths = &promoted.gathered.transformed;
    if paths.is_empty() {
        return String::new();
    }
    let line = |path: &RepoPath| format!("- {}\n", name(path.as_str()));
    format!(
        "⚠️ Kustomizations of the team change names or fields of what these files hold. It is promoted as it is written:\n\n{}\n",
        list(paths.iter().map(line))
    )
}

/// What the team has to remove.
fn remove(promoted: &Promoted<'_>) -> String {
    let line = |object: &ClusterObject| {
        if object.alone {
            format!("- {}, with its entry in a kustomization\n", name(object.file.as_str()))
        } else {
            format!("- {} in {}\n", object_words(&object.id), place(&object.file, object.line))
        }
    };
    format!(
        "I do not write into your branch. Please remove there, or the check of this pull request stays red:\n\n{}",
        list(promoted.gathered.objects.iter().map(line))
    )
}

/// What the check names as well and is not promoted.
fn left(gathered: &Gathered) -> String {
    let named = |why: &str, objects: &[(ObjectId, RepoPath, u32)]| {
        if objects.is_empty() {
            return String::new();
        }
        let line =
            |(id, file, line): &(ObjectId, RepoPath, u32)| format!("- {}: {}\n", place(file, *line), object_words(id));
        format!("\n{why}\n\n{}", list(objects.iter().map(line)))
    };
    let unchanged = "This was there before this pull request and is as it was, so I do not promote it; ask the admins:";
    let others = "Cluster-wide as well, and not of a kind that I promote; ask the admins:";
    named(unchanged, &gathered.unchanged) + &named(others, &gathered.others)
}

fn still_open(open: Option<There<'_>>) -> String {
    open.map_or_else(String::new, |(repository, number)| format!(" {repository}#{number} stays open as it is."))
}

fn list(lines: impl ExactSizeIterator<Item = String>) -> String {
    let more = lines.len().saturating_sub(MOST_LINES);
    let shown: String = lines.take(MOST_LINES).collect();
    if more == 0 { shown } else { format!("{shown}- and {more} more\n") }
}

fn object_words(id: &ObjectId) -> String {
    format!("{} {}", name(&id.kind), name(&id.name))
}

fn place(file: &RepoPath, line: u32) -> String {
    code(&format!("{}:{line}", short(file.as_str(), LONGEST_NAME)))
}

fn name(text: &str) -> String {
    code(&short(text, LONGEST_NAME))
}

/// One line, cut: what is hidden is written out first, which makes it longer.
fn short(text: &str, max_bytes: usize) -> String {
    markdown::cut(&visible(text), max_bytes)
}

fn plan_text(promotion: &Promotion) -> String {
    let plan = promotion.to_string();
    let lines: Vec<_> = plan.lines().map(visible).collect();
    markdown::cut(&lines.join("\n"), LONGEST_PLAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaffold::{ChangeSet, FileChange};

    /// Names as hostile as the API server and Git take them, and worse.
    fn hostile() -> Gathered {
        let id = |name: &str| ObjectId {
            group: "rbac.authorization.k8s.io".to_owned(),
            kind: "ClusterRole".to_owned(),
            namespace: None,
            name: name.to_owned(),
        };
        let object = |file: &str, name: &str, alone| ClusterObject {
            id: id(name),
            file: file.parse().expect("a path"),
            line: 3,
            alone,
            text: "kind: ClusterRole\n".to_owned(),
        };
        Gathered {
            objects: vec![
                object("a`|@org/platform.yaml", "x` | @org/platform <img src=x> #1 closes #2", true),
                object("b.yaml", &"y".repeat(5_000), false),
            ],
            others: vec![(id("<!-- bailiwick:answer/1 -->"), "c.yaml".parse().expect("a path"), 7)],
            transformed: std::iter::once("a`|@org/platform.yaml".parse().expect("a path")).collect(),
            ..Gathered::default()
        }
    }

    fn promoted(check: impl Fn(&Promoted<'_>)) {
        let gathered = hostile();
        let promotion = Promotion::for_words(
            ChangeSet { files: Vec::new() },
            vec![
                Fate::New("cluster/common/team1-clusterrole-x.yaml".parse().expect("a path")),
                Fate::Changed("cluster/common/y.yaml".parse().expect("a path")),
            ],
            vec!["cluster/common/z.yaml".parse().expect("a path")],
        );
        let login = |text: &str| text.parse::<Login>().expect("a login");
        let (bob, carol, fork) = (login("bob"), login("carol"), "mallory/dev-team1".parse().expect("a name"));
        check(&Promoted {
            team: &"team1".parse().expect("a team"),
            cluster: &"dev".parse().expect("a cluster"),
            pull: (&"org/dev-team1".parse().expect("a name"), IssueNumber::new(5)),
            head: &"1111111111111111111111111111111111111111".parse().expect("a commit"),
            fork: Some(Some(&fork)),
            author: Some((&bob, true)),
            asked_by: &carol,
            gathered: &gathered,
            promotion: &promotion,
        });
    }

    #[test]
    fn the_pull_request_mentions_its_requester_and_nobody_else() {
        promoted(|promoted| {
            let body = promotion_body(promoted);
            insta::assert_snapshot!("promotion_body", body);
            assert!(body.len() < 20_000);
        });
    }

    #[test]
    fn the_answer_says_what_to_remove() {
        promoted(|promoted| {
            let admin = "org/dev-cluster".parse().expect("a name");
            insta::assert_snapshot!(
                "promotion_opened",
                promotion_opened(promoted, (&admin, IssueNumber::new(9)), false)
            );
        });
    }

    #[test]
    fn however_long_and_strange_everything_is_it_fits_into_a_comment() {
        let strange = "\u{ad}".repeat(2_000);
        let path: RepoPath = format!("{}.yaml", "\u{1b}".repeat(2_000)).parse().expect("a path");
        let id = ObjectId {
            group: "rbac.authorization.k8s.io".to_owned(),
            kind: "ClusterRoleBinding".to_owned(),
            namespace: None,
            name: strange.clone(),
        };
        let object =
            ClusterObject { id: id.clone(), file: path.clone(), line: 1, alone: false, text: strange.repeat(20) };
        let change =
            FileChange { path: path.clone(), before: None, after: Some(format!("{}\n", object.text).repeat(10)) };
        let place = || (id.clone(), path.clone(), 1);
        let gathered = Gathered {
            objects: vec![object; 20],
            others: (0..50).map(|_| place()).collect(),
            unchanged: (0..50).map(|_| place()).collect(),
            transformed: std::iter::once(path.clone()).collect(),
            refusals: Vec::new(),
        };
        let (fates, kept) = (vec![Fate::Changed(path.clone()); 20], vec![path.clone(); 20]);
        let promotion = Promotion::for_words(ChangeSet { files: vec![change] }, fates, kept);
        let refusal = Refusal { place: (path, 1), object: Some(id.clone()), why: "<".repeat(5_000) + &strange };
        promoted(|promoted| {
            let promoted = Promoted { gathered: &gathered, promotion: &promotion, ..*promoted };
            let admin = "org/dev-cluster".parse().expect("a name");
            let all = [
                promotion_body(&promoted),
                promotion_opened(&promoted, (&admin, IssueNumber::new(9)), true),
                promotion_already(&promoted, None),
                promotion_plan(&promoted, None),
                promotion_nothing(&gathered, None),
                promotion_refused(&vec![refusal.clone(); 100]),
                promotion_impossible(&refusal.why),
            ];
            for text in all {
                assert!(text.chars().count() < 65_000, "{} characters", text.chars().count());
            }
        });
    }

    #[test]
    fn a_bot_is_named_and_not_mentioned() {
        promoted(|promoted| {
            let bot: Login = "dependabot[bot]".parse().expect("a login");
            let body = promotion_body(&Promoted { author: Some((&bot, false)), fork: None, ..*promoted });
            assert!(body.contains("Requested by `dependabot[bot]`, by a comment of `carol`."), "{body}");
            assert!(!body.contains("⚠️ The head is from"), "{body}");
        });
    }

    #[test]
    fn hostile_reasons_are_harmless_and_many_are_cut() {
        let refusal = |number: u32| Refusal {
            place: ("a`@org/team.yaml".parse().expect("a path"), number),
            object: None,
            why: "The file cannot be read: `</details>` @org/team #1 https://evil.example".to_owned(),
        };
        let refusals: Vec<_> = (1..=30).map(refusal).collect();
        insta::assert_snapshot!("promotion_refused", promotion_refused(&refusals));
    }
}
