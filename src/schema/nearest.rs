//! The name that somebody may have meant.

/// Longer names than this are those of no field; measuring them would take long.
const LONGEST: usize = 64;

/// The known name that is nearest to one that is not known, where it is near enough to have been meant.
pub fn nearest_name<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let lower = (name.len() <= LONGEST).then(|| name.to_lowercase())?;
    let distances = known.map(|known| (strsim::damerau_levenshtein(&lower, &known.to_lowercase()), known));
    distances.min().filter(|(distance, known)| *distance <= 1 + known.len() / 4).map(|(_, known)| known)
}
