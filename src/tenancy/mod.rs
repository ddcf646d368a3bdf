//! The tenant index: which team owns which directory, namespace, repository and key.

/// What a repository holds, kept in a persistent map so that a copy costs nothing.
#[derive(Debug, Clone, Default)]
pub struct RepositoryIndex {}

/// One team, as the admin repository describes it.
#[derive(Debug, Clone)]
pub struct Team {}
