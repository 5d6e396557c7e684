//! The fields that changed, as they are stored and as they are read.

use serde_json::{Map, Value, json};

/// The fields that changed, old → new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(Map<String, Value>);

impl Changes {
    /// Nothing changed, or nothing worth naming.
    pub fn none() -> Self {
        Self::default()
    }

    /// Notes a field, unless it stayed as it was. A thing that was just made has no old value.
    #[must_use]
    pub fn field(mut self, name: &str, old: Option<String>, new: String) -> Self {
        let (old, new) = (old.map(Value::String), Value::String(new));
        if old.as_ref() != Some(&new) {
            self.0.insert(name.to_owned(), Value::Array(vec![old.unwrap_or_default(), new]));
        }
        self
    }

    /// Notes that a secret was set anew, without either value.
    #[must_use]
    pub fn secret(mut self, name: &str, set: bool) -> Self {
        if set {
            self.0.insert(name.to_owned(), json!([null, "***"]));
        }
        self
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}

/// A stored detail in one line: `name: サポート, ring_seconds: 20 → 30`. Text that is no JSON object is given as it is.
pub(super) fn in_one_line(detail: &str) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_str(detail) else {
        return detail.to_owned();
    };
    let line = |(name, value): (&String, &Value)| match value.as_array().map(Vec::as_slice) {
        Some([Value::Null, new]) => format!("{name}: {}", plain(new)),
        Some([old, new]) => format!("{name}: {} → {}", plain(old), plain(new)),
        _ => format!("{name}: {}", plain(value)),
    };
    fields.iter().map(line).collect::<Vec<_>>().join(", ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
