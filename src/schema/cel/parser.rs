//! The grammar of CEL.

use super::lexer::{Token, words};
use super::ty::Ty;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// A literal of a type; texts with what they say.
    Literal(Ty<'static>, Option<String>),
    /// A name.
    Ident(String),
    /// `operand.field`, or `operand.?field`.
    Select { operand: Box<Expr>, field: String, optional: bool },
    /// A function or an operator, with what stands before its dot.
    Call { target: Option<Box<Expr>>, name: String, arguments: Vec<Expr> },
    /// `[…]`; whether an item is optional.
    List(Vec<Expr>, bool),
    /// `{…}`.
    Map(Vec<(Expr, Expr)>, bool),
    /// `Name{…}`.
    Message(Vec<Expr>),
}

/// Why parsing ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The expression is wrong; in words that follow it.
    Syntax(String),
    /// It is nested too deeply for this program.
    TooDeep,
}

/// Names that are no variables.
const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "package",
    "namespace",
    "null",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// How deep this program follows; the server gives up at 250 levels of its own grammar.
const MAX_DEPTH: usize = 60;

pub(super) fn parse(text: &str) -> Result<Expr, Stop> {
    let tokens = words(text).map_err(Stop::Syntax)?;
    let mut parser = Parser { tokens: &tokens, depth: 0 };
    let parsed = parser.expression()?;
    if parser.tokens.is_empty() { Ok(parsed) } else { Err(parser.unexpected()) }
}

struct Parser<'t> {
    tokens: &'t [Token],
    depth: usize,
}

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    Expr::Call { target: None, name: name.to_owned(), arguments }
}

impl Parser<'_> {
    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.first(), Some(Token::Sign(found)) if *found == sign);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn take_any(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        signs.iter().find(|sign| self.take(sign)).copied()
    }

    fn expect(&mut self, sign: &str) -> Result<(), Stop> {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> Stop {
        let found = match self.tokens.first() {
            None => return Stop::Syntax("ends too early".to_owned()),
            Some(Token::Ident(name) | Token::Escaped(name)) => super::ty::cut(name),
            Some(Token::Sign(sign)) => (*sign).to_owned(),
            Some(Token::Text(_) | Token::Bytes) => return Stop::Syntax("has a text where none can stand".to_owned()),
            Some(_) => return Stop::Syntax("has a number where none can stand".to_owned()),
        };
        Stop::Syntax(format!("has `{found}` where it cannot stand"))
    }

    fn expression(&mut self) -> Result<Expr, Stop> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Stop::TooDeep);
        }
        let condition = self.or()?;
        let parsed = if self.take("?") {
            let first = self.or()?;
            self.expect(":")?;
            let second = self.expression()?;
            call("_?_:_", vec![condition, first, second])
        } else {
            condition
        };
        self.depth -= 1;
        Ok(parsed)
    }

    fn or(&mut self) -> Result<Expr, Stop> {
        let mut left = self.and()?;
        while self.take("||") {
            left = call("_||_", vec![left, self.and()?]);
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, Stop> {
        let mut left = self.relation()?;
        while self.take("&&") {
            left = call("_&&_", vec![left, self.relation()?]);
        }
        Ok(left)
    }

    fn relation(&mut self) -> Result<Expr, Stop> {
        let mut left = self.sum()?;
        loop {
            let is_in = matches!(self.tokens.first(), Some(Token::Ident(name)) if name == "in");
            let name = if is_in {
                self.tokens = &self.tokens[1..];
                "@in".to_owned()
            } else if let Some(sign) = self.take_any(&["==", "!=", "<=", ">=", "<", ">"]) {
                format!("_{sign}_")
            } else {
                return Ok(left);
            };
            left = call(&name, vec![left, self.sum()?]);
        }
    }

    fn sum(&mut self) -> Result<Expr, Stop> {
        let mut left = self.product()?;
        while let Some(sign) = self.take_any(&["+", "-"]) {
            left = call(&format!("_{sign}_"), vec![left, self.product()?]);
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expr, Stop> {
        let mut left = self.unary()?;
        while let Some(sign) = self.take_any(&["*", "/", "%"]) {
            left = call(&format!("_{sign}_"), vec![left, self.unary()?]);
        }
        Ok(left)
    }

    /// Exclamation marks or minus signs, not both; a number may have its own minus sign.
    fn unary(&mut self) -> Result<Expr, Stop> {
        for (sign, name) in [("!", "!_"), ("-", "-_")] {
            let mut count = 0_usize;
            while self.take(sign) {
                count += 1;
            }
            if count > 0 {
                let inner = self.member(sign == "-")?;
                // Two cancel each other, whatever stands behind them.
                return Ok(if count.is_multiple_of(2) { inner } else { call(name, vec![inner]) });
            }
        }
        self.member(false)
    }

    fn member(&mut self, negative: bool) -> Result<Expr, Stop> {
        let mut left = self.primary(negative)?;
        loop {
            if self.take(".") {
                left = self.selection(left)?;
            } else if self.take("[") {
                let name = if self.take("?") { "_[?_]" } else { "_[_]" };
                let index = self.expression()?;
                self.expect("]")?;
                left = call(name, vec![left, index]);
            } else {
                return Ok(left);
            }
        }
    }

    fn selection(&mut self, left: Expr) -> Result<Expr, Stop> {
        let optional = self.take("?");
        let (name, plain) = match self.tokens.first() {
            Some(Token::Ident(name)) if !matches!(name.as_str(), "in" | "true" | "false" | "null") => {
                (name.clone(), true)
            }
            Some(Token::Escaped(name)) => (name.clone(), false),
            _ => return Err(self.unexpected()),
        };
        self.tokens = &self.tokens[1..];
        if plain && !optional && self.take("(") {
            let arguments = self.arguments()?;
            return Ok(Expr::Call { target: Some(Box::new(left)), name, arguments });
        }
        Ok(Expr::Select { operand: Box::new(left), field: name, optional })
    }

    /// Arguments up to a closing bracket; a comma at the end is none.
    fn arguments(&mut self) -> Result<Vec<Expr>, Stop> {
        let mut found = Vec::new();
        if self.take(")") {
            return Ok(found);
        }
        loop {
            found.push(self.expression()?);
            if self.take(")") {
                return Ok(found);
            }
            self.expect(",")?;
        }
    }

    fn primary(&mut self, negative: bool) -> Result<Expr, Stop> {
        if self.take("(") {
            let inner = self.expression()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.take("[") {
            return self.list();
        }
        if self.take("{") {
            return self.map();
        }
        // `!-1`, but not `!-a`.
        let negative = negative || (matches!(self.tokens.get(1), Some(Token::Int(_) | Token::Float)) && self.take("-"));
        if let Some(literal) = self.literal(negative)? {
            return Ok(literal);
        }
        let rooted = self.take(".");
        let Some(Token::Ident(name)) = self.tokens.first() else { return Err(self.unexpected()) };
        if matches!(name.as_str(), "in" | "true" | "false" | "null") {
            return Err(self.unexpected());
        }
        let name = name.clone();
        if let Some(message) = self.message()? {
            return Ok(message);
        }
        self.tokens = &self.tokens[1..];
        if RESERVED.contains(&name.as_str()) {
            return Err(Stop::Syntax(format!("uses `{name}` as a name, which CEL reserves")));
        }
        if self.take("(") {
            return Ok(call(&name, self.arguments()?));
        }
        let _ = rooted;
        Ok(Expr::Ident(name))
    }

    /// `Name{…}` or `a.b.Name{…}`.
    fn message(&mut self) -> Result<Option<Expr>, Stop> {
        let mut length = 1;
        while matches!(self.tokens.get(length), Some(Token::Sign(".")))
            && matches!(self.tokens.get(length + 1), Some(Token::Ident(_)))
        {
            length += 2;
        }
        if !matches!(self.tokens.get(length), Some(Token::Sign("{"))) {
            return Ok(None);
        }
        self.tokens = &self.tokens[length + 1..];
        let mut values = Vec::new();
        while !self.take("}") {
            self.take("?");
            match self.tokens.first() {
                Some(Token::Ident(_) | Token::Escaped(_)) => self.tokens = &self.tokens[1..],
                _ => return Err(self.unexpected()),
            }
            self.expect(":")?;
            values.push(self.expression()?);
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Some(Expr::Message(values)))
    }

    fn literal(&mut self, negative: bool) -> Result<Option<Expr>, Stop> {
        let (ty, text) = match self.tokens.first() {
            Some(Token::Int(value)) => {
                // The least number has no positive counterpart.
                let most = if negative { 1 << 63 } else { i64::MAX.unsigned_abs() };
                if value.is_none_or(|value| value > most) {
                    return Err(Stop::Syntax("has a whole number that does not fit into 64 bits".to_owned()));
                }
                (Ty::Int, None)
            }
            Some(Token::Uint(true)) => (Ty::Uint, None),
            Some(Token::Uint(false)) => {
                return Err(Stop::Syntax("has a whole number that does not fit into 64 bits".to_owned()));
            }
            Some(Token::Float) => (Ty::Double, None),
            Some(Token::Text(text)) => (Ty::String, text.clone()),
            Some(Token::Bytes) => (Ty::Bytes, None),
            Some(Token::Ident(name)) => match name.as_str() {
                "true" | "false" => (Ty::Bool, None),
                "null" => (Ty::Null, None),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.tokens = &self.tokens[1..];
        Ok(Some(Expr::Literal(ty, text)))
    }

    fn list(&mut self) -> Result<Expr, Stop> {
        let (mut items, mut optional) = (Vec::new(), false);
        // A lone comma is an empty list too.
        if self.take(",") {
            self.expect("]")?;
            return Ok(Expr::List(items, optional));
        }
        while !self.take("]") {
            optional |= self.take("?");
            items.push(self.expression()?);
            if !self.take(",") {
                self.expect("]")?;
                break;
            }
        }
        Ok(Expr::List(items, optional))
    }

    fn map(&mut self) -> Result<Expr, Stop> {
        let (mut entries, mut optional) = (Vec::new(), false);
        if self.take(",") {
            self.expect("}")?;
            return Ok(Expr::Map(entries, optional));
        }
        while !self.take("}") {
            optional |= self.take("?");
            let key = self.expression()?;
            self.expect(":")?;
            entries.push((key, self.expression()?));
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Expr::Map(entries, optional))
    }
}
