//! Bringing customers in from a file, in plain Rust. Nothing here draws or sends.

use domain::records::{Key, Owner};
use wire::record_files::{Duplicates, Import, ImportRow, ImportState};
use wire::records::Fields;

use super::model::{keys, label};
use crate::text::Messages;

/// What a column can go to: the value of a choice, and its words. The first goes nowhere.
pub(crate) fn targets(fields: &Fields, words: &Messages) -> Vec<(String, String)> {
    let active = |key: &Key| match key {
        Key::Field(id) => fields.get(*id).is_some_and(|field| field.active),
        Key::Name | Key::Reading | Key::Phones => true,
    };
    let nowhere = (String::new(), words.imports_nowhere.to_owned());
    let own = keys(Owner::Customer, fields).into_iter().filter(active);
    core::iter::once(nowhere).chain(own.map(|key| (key.to_string(), label(key, fields, words)))).collect()
}

/// Why an import cannot start with this mapping.
pub(crate) fn why_not(mapping: &[Option<Key>], words: &Messages) -> Option<&'static str> {
    let mut seen: Vec<Key> = Vec::new();
    for key in mapping.iter().flatten() {
        if seen.contains(key) {
            return Some(words.imports_twice);
        }
        seen.push(*key);
    }
    let known = seen.iter().any(|key| matches!(key, Key::Name | Key::Phones));
    (!known).then_some(words.imports_needs_name)
}

/// What becomes of duplicates, in the order of its choice.
pub(crate) const WAYS: [Duplicates; 4] = [Duplicates::Ask, Duplicates::Update, Duplicates::Create, Duplicates::Skip];

/// One of them in words.
pub(crate) fn way(how: Duplicates, words: &Messages) -> &'static str {
    match how {
        Duplicates::Ask => words.imports_ask,
        Duplicates::Update => words.imports_update,
        Duplicates::Create => words.imports_create,
        Duplicates::Skip => words.imports_skip,
    }
}

/// Where an import stands, in words.
pub(crate) fn state(state: ImportState, words: &Messages) -> &'static str {
    match state {
        ImportState::Mapping => words.imports_mapping,
        ImportState::Running => words.imports_running,
        ImportState::Stopped => words.imports_stopped,
        ImportState::Done => words.imports_done,
    }
}

/// Takes what the server says of the import that is on display; told of its progress, it leaves the sample out, and
/// what was mapped here and is not begun yet stays.
pub(crate) fn told(known: &mut Import, news: Import) {
    let waits = news.state == ImportState::Mapping;
    let sample = core::mem::take(&mut known.sample);
    let header = core::mem::take(&mut known.header);
    let mapping = core::mem::take(&mut known.mapping);
    *known = news;
    if known.sample.is_empty() {
        known.sample = sample;
    }
    if known.header.is_empty() {
        known.header = header;
    }
    if waits || known.mapping.is_empty() {
        known.mapping = mapping;
    }
}

/// Why a row was refused: each column with what is wrong there.
pub(crate) fn reasons(row: &ImportRow, header: &[String], words: &Messages) -> String {
    let reason = |(column, problem): &(u32, wire::Problem)| {
        let column = usize::try_from(*column).ok().and_then(|at| header.get(at));
        let wrong = words.problem(problem);
        column.map_or_else(|| wrong.clone(), |column| format!("{column}: {wrong}"))
    };
    row.wrong.iter().map(reason).collect::<Vec<_>>().join(" ")
}

/// How many duplicates still wait: those rows that were read and counted nowhere.
pub(crate) fn waiting(import: &Import) -> u64 {
    import.done.saturating_sub(import.created + import.updated + import.skipped + import.refused)
}
