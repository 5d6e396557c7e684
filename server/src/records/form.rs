//! What somebody entered into a form, as changes of the record that is stored.

use domain::ids::FieldId;
use domain::records::{Before, Change, Field, Key, Owner, Value, Values, check, check_built_in};
use wire::records::{FieldChange, Fields};
use wire::{ApiError, ApiResult, FieldError, Problem};

use crate::telephony::numbers::NumberingPlan;

/// A form of one kind of record.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// All fields.
    pub fields: &'a Fields,
    /// Whose form.
    pub owner: Owner,
    /// How numbers are read.
    pub plan: NumberingPlan,
}

impl Form<'_> {
    /// Checks what was entered over the record as it is `now` ([`here`]).
    ///
    /// A sensitive field's former value is taken as masked, whatever the form says it saw: otherwise a conflict would
    /// show the stored value to whoever guesses wrong.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] with every wrong field by its key.
    pub fn changes(self, now: &Values, entered: &[FieldChange]) -> ApiResult<Vec<Change>> {
        let mut wrong = Vec::new();
        let mut above = now.clone();
        let mut changes = Vec::new();
        let mut ordered: Vec<&FieldChange> = entered.iter().collect();
        // Parents first: their new choice is what the children's must fit.
        ordered.sort_by_key(|change| self.depth(change.key));
        for change in ordered {
            let mut fault = |problem| wrong.push(FieldError { field: change.key.to_string(), problem });
            if changes.iter().any(|known: &Change| known.key == change.key) {
                fault(Problem::Malformed);
                continue;
            }
            let (checked, sensitive) = match self.field(change.key) {
                Some(field) => {
                    let read = |text: &str| self.plan.read(text);
                    let current = now.get(&change.key);
                    (check(field, &change.after, &above, current, read), field.sensitive.is_some())
                }
                None if self.has_built_in(change.key) => {
                    (check_built_in(change.key, &change.after, |text| self.plan.read(text)), false)
                }
                None => {
                    fault(Problem::Unknown);
                    continue;
                }
            };
            match checked {
                Ok(after) => {
                    match &after {
                        Some(value) => above.insert(change.key, value.clone()),
                        None => above.remove(&change.key),
                    };
                    let before = match &change.before {
                        Before::Saw(value) if !sensitive => {
                            Before::Saw(value.clone().map(|value| here(self.plan, value)))
                        }
                        Before::Saw(_) | Before::Masked => Before::Masked,
                    };
                    changes.push(Change { key: change.key, before, after });
                }
                Err(problem) => fault(problem.into()),
            }
        }
        if wrong.is_empty() { Ok(changes) } else { Err(ApiError::Invalid { fields: wrong }) }
    }

    fn field(&self, key: Key) -> Option<&Field> {
        match key {
            Key::Field(id) => self.fields.of(self.owner).iter().find(|field| field.id == id),
            Key::Name | Key::Reading | Key::Phones => None,
        }
    }

    fn has_built_in(&self, key: Key) -> bool {
        self.owner == Owner::Customer && Key::BUILT_IN.contains(&key)
    }

    /// How many fields stand above this one.
    fn depth(&self, key: Key) -> usize {
        let above = |id: &FieldId| self.fields.get(*id).and_then(|field| field.kind.parent());
        match key {
            Key::Field(id) => std::iter::successors(Some(id), above).take(self.fields.of(self.owner).len()).count(),
            Key::Name | Key::Reading | Key::Phones => 0,
        }
    }
}

/// A value with its numbers written as they are here and now: another country in the configuration changes no record.
#[must_use]
pub fn here(plan: NumberingPlan, value: Value) -> Value {
    match value {
        Value::Phone(number) => Value::Phone(plan.show(&number.e164)),
        Value::Phones(numbers) => Value::Phones(numbers.iter().map(|number| plan.show(&number.e164)).collect()),
        Value::Text(_)
        | Value::Number(_)
        | Value::Date(_)
        | Value::Choice(_)
        | Value::Choices(_)
        | Value::Checked
        | Value::Email(_) => value,
    }
}
