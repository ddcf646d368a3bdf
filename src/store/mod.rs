//! Deliveries, jobs, comments and sync runs on disk. Only this room has SQL.
