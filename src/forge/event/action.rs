//! What happened: one enum of actions per event.

/// An enum of actions that keeps what it does not know.
macro_rules! actions {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
        #[serde(from = "String")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// One that we do not know, at most 64 characters of it.
            Other(String),
        }

        impl $name {
            pub(super) const KNOWN: &[&str] = &[$($text),+];

            /// The action as the payload spells it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl Default for $name {
            /// No action at all.
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$variant,)+
                    other => Self::Other(short(other)),
                }
            }
        }
    };
}

/// The first 64 characters, for names that we only repeat.
pub(super) fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

actions! {
    /// Of `pull_request`.
    PullRequestAction {
        /// New.
        Opened = "opened",
        /// Open again.
        Reopened = "reopened",
        /// Another head commit.
        Synchronize = "synchronize",
        /// Title, body or base branch changed.
        Edited = "edited",
        /// Merged or given up.
        Closed = "closed",
        /// No longer a draft.
        ReadyForReview = "ready_for_review",
        /// A draft again.
        ConvertedToDraft = "converted_to_draft",
        /// A label was added.
        Labeled = "labeled",
        /// A label was removed.
        Unlabeled = "unlabeled",
        /// In the merge queue.
        Enqueued = "enqueued",
        /// Out of the merge queue.
        Dequeued = "dequeued",
    }
}

actions! {
    /// Of `issue_comment`.
    IssueCommentAction {
        /// New: the only one that may command.
        Created = "created",
        /// Changed, perhaps by somebody else.
        Edited = "edited",
        /// Removed.
        Deleted = "deleted",
    }
}

actions! {
    /// Of `check_run`.
    CheckRunAction {
        /// New.
        Created = "created",
        /// Finished.
        Completed = "completed",
        /// Somebody wants it run again.
        Rerequested = "rerequested",
        /// Somebody pressed one of its buttons.
        RequestedAction = "requested_action",
    }
}

actions! {
    /// Of `check_suite`.
    CheckSuiteAction {
        /// Commits were pushed.
        Requested = "requested",
        /// Somebody wants all of it run again.
        Rerequested = "rerequested",
        /// Finished.
        Completed = "completed",
    }
}

actions! {
    /// Of `merge_group`.
    MergeGroupAction {
        /// The queue waits for the checks.
        ChecksRequested = "checks_requested",
        /// Merged, or thrown out of the queue.
        Destroyed = "destroyed",
    }
}

actions! {
    /// Of `installation`.
    InstallationAction {
        /// Installed.
        Created = "created",
        /// Removed.
        Deleted = "deleted",
        /// Suspended.
        Suspend = "suspend",
        /// No longer suspended.
        Unsuspend = "unsuspend",
        /// The organisation agreed to more permissions.
        NewPermissionsAccepted = "new_permissions_accepted",
    }
}

actions! {
    /// Of `installation_repositories`.
    InstallationRepositoriesAction {
        /// More.
        Added = "added",
        /// Fewer.
        Removed = "removed",
    }
}

actions! {
    /// Of `repository`.
    RepositoryAction {
        /// New.
        Created = "created",
        /// Gone.
        Deleted = "deleted",
        /// Read-only.
        Archived = "archived",
        /// No longer read-only.
        Unarchived = "unarchived",
        /// Has another name.
        Renamed = "renamed",
        /// Has another owner.
        Transferred = "transferred",
        /// Description, topics or default branch changed.
        Edited = "edited",
    }
}

actions! {
    /// Of `deploy_key`.
    DeployKeyAction {
        /// Added.
        Created = "created",
        /// Removed.
        Deleted = "deleted",
    }
}
