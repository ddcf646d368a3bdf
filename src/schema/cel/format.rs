//! `'…'.format([…])`: the clauses of a text that is written out must fit what stands in the list.
//!
//! Facts: google/cel-go `ext/formatting.go` (`stringFormatValidator`), which the API server has in its environment.

use super::ty::Ty;

/// One value that a format is given.
pub(super) struct Given<'t, 'a> {
    /// Its type.
    pub(super) ty: &'t Ty<'a>,
    /// What cannot be printed inside of a list or map that is written out.
    pub(super) inside: Option<&'static str>,
}

/// What is wrong with a format and what it is given; `None` where nothing surely is.
pub(super) fn fault(text: &str, given: &[Given<'_, '_>]) -> Option<String> {
    let (bytes, mut at, mut used) = (text.as_bytes(), 0, 0);
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'%', Some(b'%')) => at += 2,
            (b'%', None) => return Some("has a format that ends behind `%`".to_owned()),
            (b'%', Some(_)) => {
                let Some(value) = given.get(used) else {
                    return Some(format!("has a format for more than the {} values that it is given", given.len()));
                };
                let Some(length) = precision(&bytes[at + 1..]) else {
                    return Some("has a format with a precision that is none".to_owned());
                };
                at += 1 + length;
                if let Some(words) = clause(bytes[at], value) {
                    return Some(words);
                }
                at += 1;
                used += 1;
            }
            _ => at += 1,
        }
    }
    (given.len() > used).then(|| format!("has a format for {used} values, but is given {}", given.len()))
}

/// How long a precision is; `None` where it has no digits, no end or too many digits.
fn precision(bytes: &[u8]) -> Option<usize> {
    let Some((b'.', behind)) = bytes.split_first() else { return Some(0) };
    let digits = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = std::str::from_utf8(&behind[..digits]).ok()?;
    (digits < behind.len() && text.parse::<i64>().is_ok()).then_some(1 + digits)
}

fn clause(clause: u8, value: &Given<'_, '_>) -> Option<String> {
    let ty = value.ty;
    let fits = match clause {
        b's' => is_printable(ty) && value.inside.is_none(),
        b'd' | b'o' => matches!(ty, Ty::Int | Ty::Uint),
        b'f' | b'e' => matches!(ty, Ty::Double | Ty::String),
        b'b' => matches!(ty, Ty::Int | Ty::Uint | Ty::Bool),
        b'x' | b'X' => matches!(ty, Ty::Int | Ty::Uint | Ty::String | Ty::Bytes),
        other => {
            let shown = if other.is_ascii_graphic() && other != b'`' { char::from(other) } else { '?' };
            return Some(format!("has `%{shown}` in a format, which is none of `%s %d %f %e %b %x %X %o`"));
        }
    };
    let fits = fits || matches!(ty, Ty::Dyn | Ty::Unknown | Ty::Parameter(_)) && value.inside.is_none();
    let called = value.inside.unwrap_or_else(|| ty.called());
    (!fits).then(|| format!("has `%{}` in a format for {called}", char::from(clause)))
}

/// Whether `%s` prints a type.
pub(super) const fn is_printable(ty: &Ty<'_>) -> bool {
    !matches!(ty, Ty::Object(..) | Ty::Metadata(_) | Ty::Optional(_) | Ty::Opaque(_))
}
