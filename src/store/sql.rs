//! Statements put together from literals and bound values; nothing else can get into the text.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Encode, Type};

/// A statement in the making. Its text consists of `&'static str` and placeholders alone, so that no
/// value from outside can become SQL.
#[derive(Default)]
pub(super) struct Sql {
    text: String,
    arguments: AnyArguments,
    bound: usize,
}

impl Sql {
    pub(super) fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    pub(super) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Writes the next placeholder (`$1`, which both databases read) and binds `value` to it.
    pub(super) fn bind<'q, T: Encode<'q, Any> + Type<Any>>(&mut self, value: T) -> &mut Self {
        use std::fmt::Write as _;
        // Numbers, texts and bytes encode without fail.
        if sqlx::Arguments::add(&mut self.arguments, value).is_ok() {
            self.bound += 1;
            let _ = write!(self.text, "${}", self.bound);
        }
        self
    }

    /// `first, second, …`, each bound.
    pub(super) fn bind_all<'q, T: Encode<'q, Any> + Type<Any>>(
        &mut self,
        values: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        for (place, value) in values.into_iter().enumerate() {
            if place > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self
    }

    pub(super) fn build(self) -> Query<'static, Any, AnyArguments> {
        sqlx::query_with(AssertSqlSafe(self.text), self.arguments)
    }
}
