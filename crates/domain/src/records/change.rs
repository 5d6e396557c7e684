//! Two people, one record: whose change goes where.

use serde::{Deserialize, Serialize};

use super::{Key, Value, Values};

/// What somebody saw in a field before changing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// This; or that it was empty.
    Saw(Option<Value>),
    /// A mask: nobody can say that it changed meanwhile, so the change stands.
    Masked,
}

/// A field changed in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub key: Key,
    /// What the form began with.
    pub before: Before,
    /// What is to be stored; none empties it.
    pub after: Option<Value>,
}

/// A field that two people changed to different values: somebody must choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Which.
    pub key: Key,
    /// What this form wants.
    pub mine: Option<Value>,
    /// What is stored meanwhile.
    pub theirs: Option<Value>,
}

/// Lays changes over the record as it is now. A field that meanwhile became something else than what the form began
/// with, and than what the form wants, is a conflict; all others go together.
///
/// # Errors
/// Every conflict; then nothing is changed.
pub fn merge(now: &Values, changes: &[Change]) -> Result<Values, Vec<Conflict>> {
    let mut merged = now.clone();
    let mut conflicts = Vec::new();
    for Change { key, before, after } in changes {
        let theirs = now.get(key);
        let untouched = match before {
            Before::Saw(before) => before.as_ref() == theirs,
            Before::Masked => true,
        };
        if !untouched && theirs != after.as_ref() {
            conflicts.push(Conflict { key: *key, mine: after.clone(), theirs: theirs.cloned() });
            continue;
        }
        match after {
            Some(value) => merged.insert(*key, value.clone()),
            None => merged.remove(key),
        };
    }
    if conflicts.is_empty() { Ok(merged) } else { Err(conflicts) }
}
