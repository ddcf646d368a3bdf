//! What has to come of it.

use bailiwick::jobs::{CHECK_NAME, GRANTS_NAME};
use bailiwick::report::comment::marker;

use super::{BOT, CheckRunView, CommentView, Page, PullView, TestWorld, tidy};

/// A completed check run.
#[derive(Debug)]
pub struct Check {
    /// As GitHub has it.
    pub run: CheckRunView,
}

impl Check {
    /// One line per annotation: `file:line level rule`.
    pub fn annotations(&self) -> Vec<String> {
        let line = |note: &serde_json::Value| {
            let text = |key: &str| note[key].as_str().unwrap_or("?").to_owned();
            format!("{}:{} {} {}", text("path"), note["start_line"], text("annotation_level"), text("title"))
        };
        self.run.annotations.iter().map(line).collect()
    }

    /// The title.
    pub fn title(&self) -> &str {
        self.run.title.as_deref().unwrap_or_default()
    }

    /// The summary without what differs from run to run.
    pub fn summary(&self) -> String {
        tidy(self.run.summary.as_deref().unwrap_or_default())
    }

    /// Title, summary and annotations: for a snapshot.
    pub fn text(&self) -> String {
        format!("{}\n\n{}\n\n{}", self.title(), self.summary(), self.annotations().join("\n"))
    }
}

impl TestWorld {
    /// Waits for the verdict on the head that the pull request has now, and for that conclusion.
    pub async fn expect_check(&self, pull: &Page, conclusion: &str) -> Check {
        let head = self.head(pull);
        self.expect_check_of(&pull.repository, &head, conclusion).await
    }

    /// Waits for the verdict on a commit, and for that conclusion.
    pub async fn expect_check_of(&self, repository: &str, head: &str, conclusion: &str) -> Check {
        let done = |world: &Self| {
            let runs = world.checks_of(repository, head);
            let all_done = runs.iter().all(|run| run.status == "completed");
            runs.into_iter().next_back().filter(|_| all_done)
        };
        let run = self.until(&format!("the check of {repository}@{head}"), done).await;
        let found = run.conclusion.as_deref().unwrap_or_default();
        assert_eq!(found, conclusion, "{:?}\n{}", run.title, run.summary.as_deref().unwrap_or_default());
        Check { run }
    }

    /// The bot's check runs of a commit, oldest first.
    pub fn checks_of(&self, repository: &str, head: &str) -> Vec<CheckRunView> {
        let runs = self.github().check_runs(repository, head).into_iter();
        runs.filter(|run| run.name == CHECK_NAME).collect()
    }

    /// What the check on approvals says of a commit once everything is quiet, and that it ends so.
    pub async fn expect_grants_of(&self, repository: &str, head: &str, conclusion: &str) -> Check {
        self.quiet().await;
        let mut runs = self.github().check_runs(repository, head).into_iter();
        let run = runs.rfind(|run| run.name == GRANTS_NAME).expect("a check on approvals");
        let found = run.conclusion.as_deref().unwrap_or_default();
        assert_eq!(found, conclusion, "{:?}\n{}", run.title, run.summary.as_deref().unwrap_or_default());
        Check { run }
    }

    /// The same of the head that a pull request has now.
    pub async fn expect_grants(&self, pull: &Page, conclusion: &str) -> Check {
        self.expect_grants_of(&pull.repository, &self.head(pull), conclusion).await
    }

    /// Waits until everything is quiet: the pull request's head has no check run.
    pub async fn expect_no_check(&self, pull: &Page) {
        self.quiet().await;
        let runs = self.checks_of(&pull.repository, &self.head(pull));
        assert!(runs.is_empty(), "nobody expected a check run: {runs:#?}");
    }

    /// Waits for the answer to a comment; gives its text without what differs from run to run.
    pub async fn expect_answer(&self, comment: u64) -> String {
        let marker = marker(&format!("answer/{comment}"));
        let answer = move |world: &Self| {
            let comments = world.github().comments_by(BOT).into_iter();
            comments.map(|(_, _, comment)| comment).find(|it| it.body.contains(&marker))
        };
        let answer = self.until(&format!("an answer to comment {comment}"), answer).await;
        self.notice(&answer);
        tidy(&answer.body)
    }

    /// Waits for a comment of the bot on a page that holds `text`; gives the comment as it is.
    pub async fn expect_comment(&self, page: &Page, text: &str) -> CommentView {
        let find = |world: &Self| world.bot_comments(page).into_iter().find(|it| it.body.contains(text));
        let found = self.until(&format!("a comment with {text:?} on {page:?}"), find).await;
        self.notice(&found);
        found
    }

    /// The bot's comments on a page, oldest first.
    pub fn bot_comments(&self, page: &Page) -> Vec<CommentView> {
        let comments = self.github().comments(&page.repository, page.number).into_iter();
        comments.filter(|comment| comment.author == BOT).collect()
    }

    /// Waits until everything is quiet and reads whatever the bot has written on a page.
    pub async fn read(&self, page: &Page) -> Vec<CommentView> {
        self.quiet().await;
        let comments = self.bot_comments(page);
        comments.iter().for_each(|comment| self.notice(comment));
        comments
    }

    /// Waits until everything is quiet: the bot has written nothing on that page and has not reacted.
    pub async fn expect_silence(&self, page: &Page) {
        self.quiet().await;
        let noticed = |comment: &CommentView| self.noticed().contains(&(comment.id, comment.body.clone()));
        let said: Vec<_> = self.bot_comments(page).into_iter().filter(|it| !noticed(it)).collect();
        assert!(said.is_empty(), "nobody expected an answer: {said:#?}");
        let marked: Vec<_> = self.github().comments(&page.repository, page.number);
        let marked: Vec<_> = marked.into_iter().filter(|comment| !comment.reactions.is_empty()).collect();
        assert!(marked.is_empty(), "nobody expected a reaction: {marked:#?}");
    }

    /// The open pull request from a branch of the admin repository; waits for it.
    pub async fn expect_pull_request(&self, head: &str) -> (Page, PullView) {
        let open = |world: &Self| {
            let pulls = world.github().pulls(super::ADMIN).into_iter();
            pulls.into_iter().find(|pull| pull.open && pull.head == head)
        };
        let pull = self.until(&format!("a pull request from {head}"), open).await;
        (Page { repository: super::ADMIN.to_owned(), number: pull.number }, pull)
    }
}
