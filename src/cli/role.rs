//! What a server process does.

/// Which half of the server a process is. Several processes on one PostgreSQL database may be of any role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Role {
    /// Takes webhooks in and works on them
    #[default]
    All,
    /// Only verifies webhooks and stores them
    Web,
    /// Only works; answers health and metrics
    Worker,
}

impl Role {
    /// Whether webhooks are taken in.
    pub const fn receives(self) -> bool {
        matches!(self, Self::All | Self::Web)
    }

    /// Whether jobs are run.
    pub const fn works(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }
}
