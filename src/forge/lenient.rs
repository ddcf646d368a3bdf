//! Reading what GitHub's description leaves open. A field that is nullable or optional there, or
//! that we can do without, must not make the whole answer unreadable.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// `null` is read as the type's default.
pub(super) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// What is of another form than ours is read as not there: for fields that we can do without.
pub(super) fn unreadable_is_none<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let value = Value::deserialize(deserializer)?;
    Ok(T::deserialize(value).ok())
}
