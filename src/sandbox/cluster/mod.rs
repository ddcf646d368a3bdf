//! The sandbox's cluster: the Kubernetes API for a few kinds, and a Flux that really fetches and renders.
