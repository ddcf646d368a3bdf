//! The grammar of CEL.

use super::lexer::{Token, words};
use super::literal::Literal;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// A literal.
    Literal(Literal),
    /// A name.
    Ident(String),
    /// `operand.field`, or `operand.?field`.
    Select { operand: Box<Expr>, field: String, optional: bool },
    /// A function or an operator, with what stands before its dot.
    Call { target: Option<Box<Expr>>, name: String, arguments: Vec<Expr> },
    /// `[…]`; each item with whether it is optional.
    List(Vec<(Expr, bool)>),
    /// `{…}`; each key and value with whether they are optional.
    Map(Vec<(Expr, Expr, bool)>),
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
                let direct = matches!(self.tokens.first(), Some(Token::Int(_) | Token::Float(_)));
                let inner = self.member(sign == "-")?;
                // Two cancel each other, whatever stands behind them.
                return Ok(match inner {
                    inner if count.is_multiple_of(2) => inner,
                    Expr::Literal(number) if direct && sign == "-" => Expr::Literal(number.negated()),
                    inner => call(name, vec![inner]),
                });
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
            // `cel.EnableIdentifierEscapeSyntax` is not set in `pkg/cel/environment/base.go`.
            Some(Token::Escaped(_)) => {
                let words = "has a name in backticks, which CEL knows and Kubernetes does not turn on";
                return Err(Stop::Syntax(words.to_owned()));
            }
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
        let own = matches!(self.tokens.get(1), Some(Token::Int(_) | Token::Float(_))) && self.take("-");
        if let Some(literal) = self.literal(negative || own)? {
            return Ok(Expr::Literal(if own { literal.negated() } else { literal }));
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

    fn literal(&mut self, negative: bool) -> Result<Option<Literal>, Stop> {
        let great = || Stop::Syntax("has a whole number that does not fit into 64 bits".to_owned());
        let literal = match self.tokens.first() {
            Some(Token::Int(value)) => {
                // The least number has no positive counterpart.
                let most = if negative { 1 << 63 } else { i64::MAX.unsigned_abs() };
                let value = value.filter(|value| *value <= most).ok_or_else(great)?;
                Literal::Int(value.cast_signed())
            }
            Some(Token::Uint(value)) => Literal::Uint(value.ok_or_else(great)?),
            Some(Token::Float(value)) => Literal::Double(*value),
            Some(Token::Text(text)) => Literal::Text(text.clone()),
            Some(Token::Bytes) => Literal::Bytes,
            Some(Token::Ident(name)) => match name.as_str() {
                "true" => Literal::Bool(true),
                "false" => Literal::Bool(false),
                "null" => Literal::Null,
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.tokens = &self.tokens[1..];
        Ok(Some(literal))
    }

    fn list(&mut self) -> Result<Expr, Stop> {
        let mut items = Vec::new();
        // A lone comma is an empty list too.
        if self.take(",") {
            self.expect("]")?;
            return Ok(Expr::List(items));
        }
        while !self.take("]") {
            let optional = self.take("?");
            items.push((self.expression()?, optional));
            if !self.take(",") {
                self.expect("]")?;
                break;
            }
        }
        Ok(Expr::List(items))
    }

    fn map(&mut self) -> Result<Expr, Stop> {
        let mut entries = Vec::new();
        if self.take(",") {
            self.expect("}")?;
            return Ok(Expr::Map(entries));
        }
        while !self.take("}") {
            let optional = self.take("?");
            let key = self.expression()?;
            self.expect(":")?;
            entries.push((key, self.expression()?, optional));
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Expr::Map(entries))
    }
}
