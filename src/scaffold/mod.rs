//! Templates and names to a change set.
