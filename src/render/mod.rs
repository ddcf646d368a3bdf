//! kustomize as a sandboxed child process.
