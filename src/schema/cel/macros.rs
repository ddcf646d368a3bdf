//! Macros: what looks like a function, but brings variables.

use super::check::Checker;
use super::functions::is_compatible;
use super::parser::Expr;
use super::ty::{Ty, cut};

impl<'a> Checker<'a> {
    /// What a macro gives; `None` where it is none.
    pub(super) fn expand(&mut self, target: Option<&Expr>, name: &str, arguments: &[Expr]) -> Option<Ty<'a>> {
        let Some(target) = target else {
            return (name == "has" && arguments.len() == 1).then(|| self.has(&arguments[0]));
        };
        match (name, arguments) {
            ("all" | "exists" | "exists_one" | "filter" | "map" | "sortBy", [variable, body]) => {
                Some(self.over(target, name, variable, &[body]))
            }
            ("map", [variable, filter, body]) => Some(self.over(target, name, variable, &[filter, body])),
            ("optMap" | "optFlatMap", [variable, body]) => Some(self.optional(target, name, variable, body)),
            ("all" | "exists" | "existsOne" | "exists_one", [key, value, body]) => {
                Some(self.over_two(target, [key, value], &[body], Ty::Bool))
            }
            ("transformList", [key, value, bodies @ ..]) if matches!(bodies.len(), 1 | 2) => Some(self.over_two(
                target,
                [key, value],
                &bodies.iter().collect::<Vec<_>>(),
                Ty::List(Box::new(Ty::Unknown)),
            )),
            ("transformMap" | "transformMapEntry", [key, value, bodies @ ..]) if matches!(bodies.len(), 1 | 2) => {
                let map = Ty::Map(Box::new(Ty::Unknown), Box::new(Ty::Unknown));
                Some(self.over_two(target, [key, value], &bodies.iter().collect::<Vec<_>>(), map))
            }
            _ => None,
        }
    }

    fn has(&mut self, argument: &Expr) -> Ty<'a> {
        match argument {
            Expr::Select { operand, field, optional: false } => {
                self.select(operand, field, false);
            }
            Expr::Select { .. } => {
                self.infer(argument);
            }
            _ => {
                self.fault("asks `has` for something that is no field".to_owned());
            }
        }
        Ty::Bool
    }

    /// What a macro goes over: the types of key and value.
    fn range(&mut self, target: &Ty<'a>) -> (Ty<'a>, Ty<'a>) {
        match target {
            Ty::List(item) => (Ty::Int, (**item).clone()),
            Ty::Map(key, value) => ((**key).clone(), (**value).clone()),
            Ty::Unknown => (Ty::Unknown, Ty::Unknown),
            Ty::Dyn => (Ty::Dyn, Ty::Dyn),
            other => {
                self.fault(format!("goes over {}, which is neither list nor map", other.called()));
                (Ty::Unknown, Ty::Unknown)
            }
        }
    }

    fn variable(&mut self, variable: &Expr, ty: Ty<'a>) {
        let name = if let Expr::Ident(name) = variable {
            name.clone()
        } else {
            self.fault("has a macro whose variable is no plain name".to_owned());
            String::new()
        };
        self.variables.push((name, ty));
    }

    fn over(&mut self, target: &Expr, name: &str, variable: &Expr, bodies: &[&Expr]) -> Ty<'a> {
        let list = self.infer(target);
        let (key, value) = self.range(&list);
        // Over a map the variable is the key.
        let item = if matches!(list, Ty::Map(..)) { key } else { value };
        self.variable(variable, item);
        let types: Vec<Ty<'a>> = bodies.iter().map(|body| self.infer(body)).collect();
        self.variables.pop();
        let judged = if matches!(name, "map" | "sortBy") { bodies.len() - 1 } else { bodies.len() };
        self.conditions(name, &types[..judged]);
        if name == "sortBy" {
            self.sortable(&list, types.last());
        }
        match name {
            "all" | "exists" | "exists_one" => Ty::Bool,
            "filter" | "sortBy" if matches!(list, Ty::List(_)) => list,
            "map" => Ty::List(Box::new(types.last().cloned().unwrap_or(Ty::Unknown))),
            _ => Ty::Unknown,
        }
    }

    /// The macro is made of `@sortByAssociatedKeys`, which is there for lists, and for keys that have an order.
    fn sortable(&mut self, list: &Ty<'a>, key: Option<&Ty<'a>>) {
        if !matches!(list, Ty::List(_) | Ty::Unknown | Ty::Dyn) {
            self.fault(format!("uses `sortBy` on {}, which is no list", list.called()));
        }
        let has_order = |ty: &Ty<'_>| {
            !matches!(
                ty,
                Ty::List(_)
                    | Ty::Map(..)
                    | Ty::Object(..)
                    | Ty::Metadata(_)
                    | Ty::Optional(_)
                    | Ty::Opaque(_)
                    | Ty::Type
            )
        };
        if let Some(key) = key.filter(|key| !has_order(key)) {
            self.fault(format!("sorts by {}, which has no order", key.called()));
        }
    }

    fn over_two(&mut self, target: &Expr, names: [&Expr; 2], bodies: &[&Expr], result: Ty<'a>) -> Ty<'a> {
        let range = self.infer(target);
        let (key, value) = self.range(&range);
        let [first, second] = names;
        self.variable(first, key);
        self.variable(second, value);
        let types: Vec<Ty<'a>> = bodies.iter().map(|body| self.infer(body)).collect();
        self.variables.truncate(self.variables.len() - 2);
        let judged = if result == Ty::Bool { types.len() } else { types.len() - 1 };
        self.conditions("a macro", &types[..judged]);
        result
    }

    fn conditions(&mut self, name: &str, types: &[Ty<'a>]) {
        for ty in types.iter().filter(|ty| !is_compatible(ty, &Ty::Bool)) {
            let words = format!("has {} in `{}` where true or false has to stand", ty.called(), cut(name));
            self.fault(words);
        }
    }

    fn optional(&mut self, target: &Expr, name: &str, variable: &Expr, body: &Expr) -> Ty<'a> {
        let inner = match self.infer(target) {
            Ty::Optional(inner) => *inner,
            Ty::Unknown | Ty::Dyn => Ty::Unknown,
            other => self.fault(format!("uses `{name}` on {}, which is no optional value", other.called())),
        };
        self.variable(variable, inner);
        let given = self.infer(body);
        self.variables.pop();
        if name == "optMap" { Ty::Optional(Box::new(given)) } else { given }
    }
}
