//! CEL, the language of `x-kubernetes-validations`, as far as it can be judged without a server: syntax, names, and
//! types where they are sure. What is doubtful is left alone; only the server can say what an expression costs.
//!
//! The grammar, the reserved words and the functions are those of the API server (google/cel-go with the environment
//! of k8s.io/apiserver `pkg/cel/environment`, Kubernetes 1.29 to 1.37; see `functions.txt`). No crate is used for it:
//! the one that evaluates CEL in Rust (`cel`) parses another dialect, knows no types, and brings an ANTLR runtime.

mod calls;
mod check;
mod eval;
mod format;
mod functions;
mod lexer;
mod literal;
mod macros;
mod parser;
mod rules;
mod ty;

pub use calls::{KEYWORD, calls};
pub use rules::{Held, hold};
pub use ty::Ty;

use check::Checker;
use ty::declared;

use super::Schema;

/// What is known of an expression.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Why the server does not compile it, in words that follow the expression: `has …`, `calls …`.
    pub faults: Vec<String>,
    /// Whether it refers to `oldSelf`.
    pub uses_old_self: bool,
}

/// What an expression has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A rule: true or false.
    Bool,
    /// A message: a text.
    String,
}

/// Where an expression stands.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The schema that `self` is.
    pub schema: Schema<'a>,
    /// Whether that is a whole resource, or embedded as one: then kind, apiVersion and names are there.
    pub resource: bool,
    /// Whether `oldSelf` is optional.
    pub optional_old_self: bool,
}

/// Reads an expression.
pub fn read(expression: &str, scope: Scope<'_>, wanted: Wanted) -> Reading {
    let parsed = match parser::parse(expression) {
        Ok(parsed) => parsed,
        Err(parser::Stop::Syntax(fault)) => return Reading { faults: vec![fault], uses_old_self: false },
        // Nested so deeply that only the server can say; it may well use `oldSelf`.
        Err(parser::Stop::TooDeep) => {
            return Reading { faults: Vec::new(), uses_old_self: expression.contains("oldSelf") };
        }
    };
    let Some(this) = declared(scope.schema, scope.resource) else {
        let fault = "stands at a schema that no rule can see, because it has no type, or items or values without one";
        return Reading { faults: vec![fault.to_owned()], uses_old_self: false };
    };
    let old = if scope.optional_old_self { Ty::Optional(Box::new(this.clone())) } else { this.clone() };
    let mut checker = Checker::new(this, old);
    let result = checker.infer(&parsed);
    let mut faults = checker.faults;
    let (fits, words) = match wanted {
        Wanted::Bool => (matches!(result, Ty::Bool | Ty::Unknown), "true or false"),
        Wanted::String => (matches!(result, Ty::String | Ty::Unknown), "a text"),
    };
    if !fits && faults.is_empty() {
        faults.push(format!("gives {}, but has to give {words}", result.called()));
    }
    Reading { faults, uses_old_self: checker.uses_old_self }
}

#[cfg(test)]
mod tests;
