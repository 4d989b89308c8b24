//! What was probably meant by a name that does not exist: EsiPy's spelling, or a slip of the hand.

use alloc::string::String;
use alloc::vec::Vec;

/// The known name that is nearest, if one is near.
pub fn suggestion(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let name = plain(name);
    let (distance, nearest) = known
        .iter()
        .map(|known| (distance(&name, &plain(known)), *known))
        .min()?;
    (distance <= 2 && distance < name.len()).then_some(nearest)
}

/// `client_id` and `clientId` are the same name to a reader.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .map(|c| c.to_ascii_lowercase())
        .take(64)
        .collect()
}

/// How many letters must be added, taken away or changed (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        let Some((first, rest)) = row.split_first_mut() else {
            return 0;
        };
        *first = before;
        for (cell, r) in rest.iter_mut().zip(&right) {
            let changed = diagonal + usize::from(l != *r);
            diagonal = *cell;
            before = changed.min(before + 1).min(*cell + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or_default()
}
