//! Who may do what: the rights that roles and bindings give, decided as the API server decides them.
//!
//! A [`World`] holds the roles and bindings of a tree over those that every cluster has. [`effective()`] says what a
//! subject may do, [`who_can()`] who may do something, and [`difference()`] what a change gives and takes. Each answer
//! names the way: the binding, its role, and the role and rule in which the right is written, which is another one
//! where roles are aggregated. All input is a stranger's: what an answer may cost is bounded, and where the bound is
//! reached the answer says so, and never says less than there may be.

pub mod bootstrap;
pub mod read;

mod aggregation;
mod covers;
mod difference;
mod effective;
mod fuel;
mod index;
mod layers;
mod object;
mod right;
mod rule;
mod selector;
mod subject;
#[cfg(test)]
mod tests;
mod who_can;
mod world;

pub use covers::{Remainder, covers, minus};
pub use difference::{Change, Difference, Moved, Movement, difference};
pub use effective::{Grant, What, effective};
pub use object::{Binding, Key, Object, ObjectId, Origin, Role, Scope};
pub use right::{On, Right};
pub use rule::{PolicyRule, Request, Target, covers_resource, covers_url};
pub use selector::{Labels, Operator, Requirement, Selector};
pub use subject::{Subject, UNAUTHENTICATED};
pub use who_can::{WhoCan, who_can};
pub use world::{Known, Parts, State, World};
