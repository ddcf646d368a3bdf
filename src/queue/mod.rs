//! Leases, retries and the worker loop.
