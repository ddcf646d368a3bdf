//! The cluster. Only this room imports kube's client.
