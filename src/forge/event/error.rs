/// Why a body is not the event that it claims to be. The text never repeats the body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Not a JSON object.
    #[error(
        "the body is not a JSON object (line {line}, column {column}); set the webhook's content type to application/json"
    )]
    NotJson {
        /// Where reading stopped, from 1.
        line: usize,
        /// Where reading stopped, from 1.
        column: usize,
    },
    /// JSON of another shape.
    #[error("the body does not fit the event `{event}`: the field `{field}` is missing or of another form")]
    Misfit {
        /// The event's name.
        event: &'static str,
        /// The field, as a path from the root.
        field: String,
    },
}
