//! Pages of lists: `per_page`, `page`, and the `Link` header with absolute URLs as GitHub writes it.

use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::Call;

impl Call {
    /// One page of a list.
    pub(crate) fn page(&self, items: Vec<Value>) -> Outcome {
        let (link, _, items) = self.cut(items);
        let answer = Answer::ok(Value::Array(items));
        Ok(if link.is_empty() { answer } else { answer.header("link", link) })
    }

    /// One page of a list that is wrapped with its total, such as `{"total_count", "check_runs"}`.
    pub(crate) fn page_in(&self, field: &str, items: Vec<Value>) -> Outcome {
        let (link, total, items) = self.cut(items);
        let mut body = json!({"total_count": total});
        body[field] = Value::Array(items);
        let answer = Answer::ok(body);
        Ok(if link.is_empty() { answer } else { answer.header("link", link) })
    }

    fn cut(&self, items: Vec<Value>) -> (String, usize, Vec<Value>) {
        let number = |name, default: usize| self.param(name).and_then(|text| text.parse().ok()).unwrap_or(default);
        let size = match number("per_page", 30) {
            0 => 30,
            size => size.min(100),
        };
        let page = number("page", 1).max(1);
        let total = items.len();
        let last = total.div_ceil(size).max(1);
        let items = items.into_iter().skip(size.saturating_mul(page - 1)).take(size).collect();
        let mut links = Vec::new();
        if page > 1 {
            links.push(self.link(page - 1, "prev"));
        }
        if page < last {
            links.push(self.link(page + 1, "next"));
            links.push(self.link(last, "last"));
        }
        if page > 1 {
            links.push(self.link(1, "first"));
        }
        (links.join(", "), total, items)
    }

    /// GitHub links lists of a repository by the repository's id, whatever the client asked for.
    fn link(&self, page: usize, relation: &str) -> String {
        let mut query: Vec<String> = self
            .query
            .iter()
            .filter(|(name, _)| name != "page")
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        query.push(format!("page={page}"));
        let path = self.by_id().unwrap_or_else(|| self.path.clone());
        format!("<{}/api/v3{path}?{}>; rel=\"{relation}\"", self.shared.base, query.join("&"))
    }

    fn by_id(&self) -> Option<String> {
        let mut parts = self.path.splitn(5, '/').skip(1);
        let (Some("repos"), Some(owner), Some(name), rest) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let state = self.shared.state();
        let id = state.repository(owner, name)?.id;
        Some(format!("/repositories/{id}/{}", rest.unwrap_or_default()))
    }
}

/// For a query or a form.
pub(crate) fn encode(text: &str) -> String {
    super::shapes::encode_path(text).replace('/', "%2F")
}
