//! The tenant index: which team owns which directory, namespace, repository and key.

mod builds;
mod facts;
mod git_url;
mod ignore;
mod index;
mod isolation;
mod layout;
mod left_out;
mod live;
mod marks;
mod newly;
mod puts;
mod reach;
mod rights;
mod stored;
mod summary;
mod syncs;
mod table;
mod team;
#[cfg(test)]
mod tests;

pub use builds::{Meeting, Way};
pub use facts::flux_path;
pub use git_url::parse_git_url;
pub use index::{FoldedIndex, RepositoryIndex};
pub use isolation::{
    Assumption, Controller, Isolation, IsolationPath, Lockdown, NewPath, NewPaths, Step, Target, TeamIsolation, Verdict,
};
pub use layout::Layout;
pub use left_out::LeftOut;
pub use marks::Marks;
pub use newly::{Difference, Newly};
pub use reach::{Reach, Root, TEMPLATES};
pub use rights::{Place, Rights, as_applied};
pub use stored::StoredSummary;
pub use summary::{Definition, FileSummary, KustomizationSummary, ObjectId, ObjectSummary, SummaryEntry};
pub use syncs::{Appliers, Applying, Sync, Syncs};
pub use team::{Team, TeamSource, TeamSync, is_system_namespace};
