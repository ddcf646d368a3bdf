use jiff::Timestamp;

/// What went wrong between us and the forge, by what a caller can do about it. Every `what` names
/// the thing asked for and its repository ("pull request #7 of org/dev-cluster").
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// 404. GitHub also says this where the App may not see the thing.
    #[error("{what}: the forge has no such thing, or the App may not see it")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// 410: it was there and is no more.
    #[error("{what}: it was deleted")]
    Gone {
        /// What was asked for.
        what: String,
    },
    /// 401 even with a fresh token.
    #[error("{what}: the forge refused the App's credentials ({message}): check app_id, private_key and the clock")]
    Unauthorized {
        /// What was asked for.
        what: String,
        /// The forge's words.
        message: String,
    },
    /// 403, or a right that the installation was not granted.
    #[error("{what}: forbidden ({message}): the App's installation needs {needs}")]
    Forbidden {
        /// What was asked for.
        what: String,
        /// The permissions that the request was made with, as GitHub's settings name them.
        needs: String,
        /// The forge's words.
        message: String,
    },
    /// 429, or 403 for a primary or secondary rate limit. Nothing was sent if the limit was known.
    #[error("{what}: rate limited until {until}")]
    RateLimited {
        /// What was asked for.
        what: String,
        /// From when on it may be tried again.
        until: Timestamp,
    },
    /// 409, or a 422 that says "exists already" or "not a fast forward": look again, then decide.
    #[error("{what}: conflicts with what is there ({message}): read it again and decide anew")]
    Conflict {
        /// What was asked for.
        what: String,
        /// The forge's words.
        message: String,
    },
    /// 409 on a repository without any commit: Git objects and refs cannot be made there.
    #[error("{what}: the repository is empty: make its first file, then try again")]
    EmptyRepository {
        /// What was asked for.
        what: String,
    },
    /// 422 or 400: the request was understood and refused.
    #[error("{what}: the forge refused it: {message}{}", listed(errors))]
    Validation {
        /// What was asked for.
        what: String,
        /// The forge's words.
        message: String,
        /// Which fields, and why.
        errors: Vec<FieldError>,
    },
    /// A request or an answer above a limit; nothing was sent, or the answer was dropped.
    #[error("{what}: {size} is above the limit of {limit}: make it smaller")]
    TooLarge {
        /// Which part.
        what: String,
        /// Its size, in the limit's unit.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// We refuse to send this: it would need rights that the App must not have.
    #[error("{what}: refused: {reason}")]
    Refused {
        /// What was asked for.
        what: String,
        /// Why not.
        reason: &'static str,
    },
    /// 5xx, a timeout or a broken connection. A write may or may not have happened: look first.
    #[error("{what}: the forge cannot be reached or has a fault ({message}): it is tried again later")]
    Unavailable {
        /// What was asked for.
        what: String,
        /// The status or the kind of transport error.
        message: String,
        /// The transport's error, where there is one.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// An answer that we cannot read, or one about another repository.
    #[error("{what}: unexpected answer: {message}")]
    Unexpected {
        /// What was asked for.
        what: String,
        /// What is odd about it.
        message: String,
    },
}

/// One entry of `errors` in GitHub's 422 answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
pub struct FieldError {
    /// The kind of thing, such as `PublicKey`.
    #[serde(default)]
    pub resource: String,
    /// The field, such as `key`.
    #[serde(default)]
    pub field: String,
    /// GitHub's code, such as `already_exists` or `custom`.
    #[serde(default)]
    pub code: String,
    /// GitHub's words, where the code alone does not say it.
    #[serde(default)]
    pub message: String,
}

impl ForgeError {
    /// When the job may try again: the time that the forge named. `None` where it named none.
    pub fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::RateLimited { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// Whether the same request may succeed later without anybody changing anything.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unavailable { .. })
    }

    /// Whether the thing is not there (any more), as far as the App can see.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::Gone { .. })
    }
}

fn listed(errors: &[FieldError]) -> String {
    let one = |error: &FieldError| {
        let words = [&error.resource, &error.field, &error.code, &error.message];
        words.into_iter().filter(|word| !word.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    if errors.is_empty() {
        String::new()
    } else {
        format!(" ({})", errors.iter().take(10).map(one).collect::<Vec<_>>().join("; "))
    }
}

/// `None` for a thing that is not there, every other error as it is.
pub(super) fn absent_is_none<T>(result: Result<T, ForgeError>) -> Result<Option<T>, ForgeError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}
