//! Types of CEL, and what a schema is to it.

use crate::schema::{Additional, Schema};

/// A type, or that it is not known. An object is known by its schema.
#[derive(Debug, Clone)]
pub enum Ty<'a> {
    /// Nobody can say here.
    Unknown,
    /// Surely any: `dyn`.
    Dyn,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `uint`.
    Uint,
    /// `double`.
    Double,
    /// `string`.
    String,
    /// `bytes`.
    Bytes,
    /// `null_type`.
    Null,
    /// A point in time.
    Timestamp,
    /// A length of time.
    Duration,
    /// A type as a value.
    Type,
    /// A list.
    List(Box<Self>),
    /// A map: keys and values.
    Map(Box<Self>, Box<Self>),
    /// An object by its schema, and whether it is a whole resource.
    Object(Schema<'a>, bool),
    /// The metadata of a resource, by its schema where it has one.
    Metadata(Option<Schema<'a>>),
    /// A value that may be missing.
    Optional(Box<Self>),
    /// A type of Kubernetes' libraries.
    Opaque(&'static str),
    /// The parameter of a function's signature.
    Parameter(u8),
}

/// Two types are the same only where nothing in them has to be looked up.
impl PartialEq for Ty<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(one), Self::List(other)) | (Self::Optional(one), Self::Optional(other)) => one == other,
            (Self::Map(key, value), Self::Map(other_key, other_value)) => key == other_key && value == other_value,
            (Self::Object(one, _), Self::Object(other, _)) => std::ptr::eq(one.node(), other.node()),
            (Self::Metadata(_), Self::Metadata(_)) => true,
            (Self::Opaque(one), Self::Opaque(other)) => one == other,
            (Self::Parameter(one), Self::Parameter(other)) => one == other,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other) && !matches!(self, Self::List(_)),
        }
    }
}

impl<'a> Ty<'a> {
    /// What people call it.
    pub fn called(&self) -> &'static str {
        match self {
            Self::Unknown | Self::Dyn | Self::Parameter(_) => "anything",
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Uint => "a whole number without sign",
            Self::Double => "a number",
            Self::String => "a text",
            Self::Bytes => "bytes",
            Self::Null => "null",
            Self::Timestamp => "a point in time",
            Self::Duration => "a duration",
            Self::Type => "a type",
            Self::List(_) => "a list",
            Self::Map(..) => "a map",
            Self::Object(..) | Self::Metadata(_) => "an object",
            Self::Optional(_) => "an optional value",
            Self::Opaque(name) => name,
        }
    }

    /// The type of a field; `Err` where there surely is none.
    pub(super) fn field(&self, name: &str) -> Result<Self, ()> {
        match self {
            Self::Unknown | Self::Parameter(_) => Ok(Self::Unknown),
            Self::Dyn => Ok(Self::Dyn),
            Self::Map(_, value) => Ok((**value).clone()),
            Self::Optional(inner) => inner.field(name).map(|field| Self::Optional(Box::new(field))),
            Self::Object(schema, resource) => object_field(*schema, *resource, name).ok_or(()),
            Self::Metadata(_) if matches!(name, "name" | "generateName") => Ok(Self::String),
            Self::Metadata(schema) => schema.and_then(|schema| named(schema, name)).map(|_| Self::Unknown).ok_or(()),
            _ => Err(()),
        }
    }

    /// Whether the server surely holds two types for different: it wants those of the items of a list, and of the keys
    /// and values of a map, to be the same (`ValidateHomogeneousAggregateLiterals` of cel-go).
    pub(super) fn surely_differs(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unknown | Self::Parameter(_), _) | (_, Self::Unknown | Self::Parameter(_)) => false,
            (Self::Dyn, Self::Dyn) | (Self::Type, Self::Type) | (Self::Metadata(_), Self::Metadata(_)) => false,
            (Self::List(one), Self::List(other)) | (Self::Optional(one), Self::Optional(other)) => {
                one.surely_differs(other)
            }
            (Self::Map(key, value), Self::Map(other_key, other_value)) => {
                key.surely_differs(other_key) || value.surely_differs(other_value)
            }
            _ => self != other,
        }
    }

    /// Whether it has fields at all.
    pub(super) fn has_fields(&self) -> bool {
        match self {
            Self::Optional(inner) => inner.has_fields(),
            Self::Unknown | Self::Dyn | Self::Parameter(_) | Self::Map(..) | Self::Object(..) | Self::Metadata(_) => {
                true
            }
            _ => false,
        }
    }
}

fn object_field<'a>(schema: Schema<'a>, resource: bool, name: &str) -> Option<Ty<'a>> {
    if resource {
        match name {
            "apiVersion" | "kind" => return Some(Ty::String),
            "metadata" => return Some(Ty::Metadata(schema.property(name))),
            _ => {}
        }
    }
    let field = named(schema, name)?;
    declared(field, field.is_embedded_resource())
}

/// The field that an escaped name means. A reserved word may stand for itself too, since 1.32
/// (`SetRecognizeKeywordAsFieldName` of apiserver's `pkg/cel/environment/environment.go`).
fn named<'a>(schema: Schema<'a>, name: &str) -> Option<Schema<'a>> {
    let own = |key: &str| escaped(key).is_some_and(|escaped| escaped == name) || (key == name && is_keyword(name));
    schema.properties().find(|(key, _)| key.text().is_some_and(own)).map(|(_, field)| field)
}

/// The type of a schema; `None` where rules do not see it: what has no type, and lists and maps of such.
pub(super) fn declared(schema: Schema<'_>, resource: bool) -> Option<Ty<'_>> {
    if schema.is_int_or_string() {
        return Some(Ty::Dyn);
    }
    match schema.type_name()? {
        "array" => {
            let items = schema.items()?;
            Some(Ty::List(Box::new(declared(items, items.is_embedded_resource())?)))
        }
        "object" => match schema.additional() {
            Some(Additional::Schema(values)) => {
                let values = declared(values, values.is_embedded_resource())?;
                Some(Ty::Map(Box::new(Ty::String), Box::new(values)))
            }
            _ => Some(Ty::Object(schema, resource)),
        },
        "string" => Some(match schema.text("format").unwrap_or_default() {
            "byte" => Ty::Bytes,
            "duration" => Ty::Duration,
            "date" | "date-time" => Ty::Timestamp,
            _ => Ty::String,
        }),
        "boolean" => Some(Ty::Bool),
        "number" => Some(Ty::Double),
        "integer" => Some(Ty::Int),
        _ => None,
    }
}

const KEYWORDS: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Whether CEL reserves a word.
pub(super) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

/// A field's name as expressions write it; `None` where they cannot.
pub(super) fn escaped(name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if KEYWORDS.contains(&name) {
        return Some(format!("__{name}__"));
    }
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-' | '/');
    let escape = |name: &str| {
        let name = name.replace("__", "__underscores__");
        name.replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__")
    };
    name.chars().all(plain).then(|| escape(name))
}

/// A name made fit for a message.
pub(super) fn cut(name: &str) -> String {
    let mut shown: String =
        name.chars().take(60).map(|character| if character == '`' { '?' } else { character }).collect();
    if name.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}
