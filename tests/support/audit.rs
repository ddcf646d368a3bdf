//! What the audit log says, in one line per entry.

use bailiwick::store::AuditRecord;

use super::TestWorld;

impl TestWorld {
    /// Every entry so far, oldest first, once everything is quiet.
    pub async fn audit(&self) -> Vec<AuditRecord> {
        self.quiet().await;
        self.context().store.audit(0, None).await.expect("the store answers")
    }

    /// Those entries of these actions, without what differs from run to run; commits are written as their branch's.
    pub async fn audit_lines(&self, actions: &[&str]) -> Vec<String> {
        let entries = self.audit().await.into_iter().filter(|entry| actions.contains(&entry.action.as_str()));
        entries.map(|entry| line(&entry)).collect()
    }
}

fn line(entry: &AuditRecord) -> String {
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let who = entry.actor_name.clone().unwrap_or_else(|| entry.actor_kind.clone());
    let at = format!("{}#{}", or(&entry.repository_name), entry.issue.unwrap_or_default());
    let mut line = format!(
        "{who} {} {}: {} | {at} | {} | {} | ",
        entry.action,
        entry.decision,
        entry.what,
        or(&entry.proof),
        or(&entry.reason)
    );
    let effects: Vec<serde_json::Value> = serde_json::from_str(&entry.effects).expect("a list");
    for effect in effects {
        let id = effect["id"].as_str().expect("a text");
        // Commits and numbers differ from run to run.
        let id = if id.len() == 40 || id.parse::<u64>().is_ok() { "…" } else { id };
        line.push_str(&format!("{} {id} ", effect["kind"].as_str().expect("a text")));
    }
    super::tidy(line.trim_end())
}
