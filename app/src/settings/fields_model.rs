//! The fields of records as their settings page handles them: kinds by name, choices under a parent, and the form in
//! which a field is tried out.

use std::sync::Arc;

use domain::ids::{ChoiceId, FieldId, RecordId};
use domain::records::{Before, Choice, Choices, Entered, Field, Key, Kind, Owner, Value, Values, check};
use uuid::Uuid;
use wire::records::Fields;

use super::model::{Draft, count};
use crate::records::form::Form;
use crate::text::Messages;

/// The kinds in the order of the list, each by the name under which it is chosen.
pub(crate) const KINDS: [&str; 9] =
    ["text", "long_text", "number", "date", "choice", "multiple_choice", "checkbox", "phone", "email"];

/// The name of a kind.
pub(crate) fn name_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::LongText => "long_text",
        Kind::Number => "number",
        Kind::Date => "date",
        Kind::Choice(_) => "choice",
        Kind::MultipleChoice(_) => "multiple_choice",
        Kind::Checkbox => "checkbox",
        Kind::Phone => "phone",
        Kind::Email => "email",
    }
}

/// The kind of a name, with the choices that belong to it if it has any.
pub(crate) fn kind_of(name: &str, choices: Choices) -> Kind {
    match name {
        "long_text" => Kind::LongText,
        "number" => Kind::Number,
        "date" => Kind::Date,
        "choice" => Kind::Choice(choices),
        "multiple_choice" => Kind::MultipleChoice(choices),
        "checkbox" => Kind::Checkbox,
        "phone" => Kind::Phone,
        "email" => Kind::Email,
        _ => Kind::Text,
    }
}

/// A kind in words.
pub(crate) fn kind_words(words: &Messages, name: &str) -> &'static str {
    match name {
        "long_text" => words.kind_long_text,
        "number" => words.kind_number,
        "date" => words.kind_date,
        "choice" => words.kind_choice,
        "multiple_choice" => words.kind_multiple_choice,
        "checkbox" => words.kind_checkbox,
        "phone" => words.kind_phone,
        "email" => words.kind_email,
        _ => words.kind_text,
    }
}

/// A field to be made.
pub(crate) fn blank(id: FieldId, owner: Owner) -> Field {
    Field {
        id,
        owner,
        label: String::new(),
        kind: Kind::Text,
        required: false,
        help: String::new(),
        default: None,
        sensitive: None,
        active: true,
        position: u32::MAX,
    }
}

/// The fields whose choice may narrow this one's: single choices of the same owner, other than itself and those that
/// it narrows.
pub(crate) fn parents(fields: &Fields, field: &Field) -> Vec<(FieldId, String)> {
    let below = |id: FieldId| {
        let mut at = Some(id);
        // As many steps as there are fields end any circle.
        for _ in fields.of(field.owner) {
            at = at.and_then(|id| fields.get(id)).and_then(|field| field.kind.parent());
            if at == Some(field.id) {
                return true;
            }
        }
        false
    };
    fields
        .of(field.owner)
        .iter()
        .filter(|other| other.active && other.id != field.id && matches!(other.kind, Kind::Choice(_)))
        .filter(|other| !below(other.id))
        .map(|other| (other.id, other.label.clone()))
        .collect()
}

/// What is done to the list of choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Adds one of these words, under this choice of the parent.
    Add(ChoiceId, String, Option<ChoiceId>),
    /// Renames.
    Rename(usize, String),
    /// Moves by one place: up or down.
    Move(usize, bool),
    /// Retires, or takes back.
    Retire(usize),
    /// Takes away one that was never saved.
    Remove(usize),
    /// Offers it under a choice of the parent, or no longer.
    Under(usize, ChoiceId),
}

/// Does it; what is out of place changes nothing.
pub(crate) fn edit(options: &mut Vec<Choice>, edit: &Edit) {
    match edit {
        Edit::Add(id, label, under) => {
            let label = label.trim();
            if !label.is_empty() && !options.iter().any(|option| option.label == label) {
                let under = under.iter().copied().collect();
                options.push(Choice { id: *id, label: label.to_owned(), under, active: true });
            }
        }
        Edit::Rename(at, label) => {
            if let Some(option) = options.get_mut(*at) {
                option.label.clone_from(label);
            }
        }
        Edit::Move(at, up) => {
            let to = if *up { at.checked_sub(1) } else { at.checked_add(1).filter(|to| *to < options.len()) };
            if let Some(to) = to.filter(|_| *at < options.len()) {
                options.swap(*at, to);
            }
        }
        Edit::Retire(at) => {
            if let Some(option) = options.get_mut(*at) {
                option.active = !option.active;
            }
        }
        Edit::Remove(at) => {
            if *at < options.len() {
                options.remove(*at);
            }
        }
        Edit::Under(at, parent) => {
            if let Some(option) = options.get_mut(*at) {
                if option.under.contains(parent) {
                    option.under.retain(|under| under != parent);
                } else {
                    option.under.push(*parent);
                }
            }
        }
    }
}

/// A form like the agents', with this draft among the other fields.
pub(crate) fn preview(fields: &Fields, draft: &Field) -> Form {
    let mut all = fields.clone();
    let of = match draft.owner {
        Owner::Customer => &mut all.customer,
        Owner::Inquiry => &mut all.inquiry,
    };
    match of.iter_mut().find(|field| field.id == draft.id) {
        Some(field) => *field = draft.clone(),
        None => of.push(draft.clone()),
    }
    Form::new(draft.owner, Arc::new(all), RecordId(Uuid::nil()))
}

/// A form of one field, for what a new record begins with. None for kinds that cannot begin with anything sensible: a
/// number is read by the server, and nobody shares an address or a secret.
pub(crate) fn default_form(draft: &Field, words: &Messages) -> Option<Form> {
    let fits = match &draft.kind {
        Kind::Phone | Kind::Email => false,
        Kind::Choice(choices) | Kind::MultipleChoice(choices) => {
            choices.parent.is_none() && !choices.options.is_empty()
        }
        Kind::Text | Kind::LongText | Kind::Number | Kind::Date | Kind::Checkbox => true,
    };
    if !fits || draft.sensitive.is_some() {
        return None;
    }
    let alone = Field {
        label: words.field_default.to_owned(),
        help: String::new(),
        required: false,
        default: None,
        active: true,
        ..draft.clone()
    };
    let fields =
        Fields { customer: Vec::new(), inquiry: vec![Field { owner: Owner::Inquiry, ..alone }], ..Fields::default() };
    let mut form = Form::new(Owner::Inquiry, Arc::new(fields), RecordId(Uuid::nil()));
    if let Some(value) = &draft.default
        && let domain::records::Reading::Fits(entered) = value.read_as(&draft.kind, |_| None)
    {
        form.restore([(Key::Field(draft.id), (Before::Saw(None), entered))].into(), None);
    }
    Some(form)
}

/// What was entered there, as the field would store it; what is wrong is left out, and the field says so by itself.
pub(crate) fn default_of(draft: &Field, entered: &Entered) -> Option<Value> {
    check(&Field { active: true, ..draft.clone() }, entered, &Values::new(), None, |_| None).ok().flatten()
}

impl Draft for Field {
    fn changes_from(&self, stored: &Self) -> usize {
        let Self { id: _, owner: _, label, kind, required, help, default, sensitive, active, position: _ } = self;
        count([
            *label != stored.label,
            name_of(kind) != name_of(&stored.kind),
            kind.choices() != stored.kind.choices(),
            *required != stored.required,
            *help != stored.help,
            *default != stored.default,
            *sensitive != stored.sensitive,
            *active != stored.active,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(n: u128) -> ChoiceId {
        ChoiceId(Uuid::from_u128(n))
    }

    fn field(n: u128, label: &str, kind: Kind) -> Field {
        Field { label: label.to_owned(), kind, ..blank(FieldId(Uuid::from_u128(n)), Owner::Inquiry) }
    }

    fn narrowed(by: u128) -> Kind {
        Kind::Choice(Choices { parent: Some(FieldId(Uuid::from_u128(by))), options: Vec::new() })
    }

    #[test]
    fn every_kind_is_chosen_by_its_name() {
        for name in KINDS {
            assert_eq!(name_of(&kind_of(name, Choices::default())), name);
        }
    }

    #[test]
    fn no_field_narrows_what_narrows_it() {
        let fields = Fields {
            inquiry: vec![
                field(1, "大分類", Kind::Choice(Choices::default())),
                field(2, "中分類", narrowed(1)),
                field(3, "小分類", narrowed(2)),
                field(4, "メモ", Kind::Text),
            ],
            ..Fields::default()
        };
        let of = |n: usize| -> Vec<String> {
            parents(&fields, &fields.inquiry[n]).into_iter().map(|(_, label)| label).collect()
        };
        assert_eq!(of(0), Vec::<String>::new());
        assert_eq!(of(1), ["大分類"]);
        assert_eq!(of(2), ["大分類", "中分類"]);
    }

    #[test]
    fn choices_are_added_once_moved_within_the_list_and_offered_under_a_parents() {
        let mut options = Vec::new();
        for (n, label) in [(1, "故障"), (2, " 請求 "), (3, "故障"), (4, "")] {
            edit(&mut options, &Edit::Add(choice(n), label.to_owned(), Some(choice(9))));
        }
        assert_eq!(options.iter().map(|option| option.label.as_str()).collect::<Vec<_>>(), ["故障", "請求"]);
        assert_eq!(options[0].under, [choice(9)]);
        edit(&mut options, &Edit::Move(0, true));
        edit(&mut options, &Edit::Move(1, false));
        edit(&mut options, &Edit::Move(1, true));
        assert_eq!(options[0].label, "請求");
        edit(&mut options, &Edit::Under(0, choice(9)));
        edit(&mut options, &Edit::Under(0, choice(8)));
        assert_eq!(options[0].under, [choice(8)]);
        edit(&mut options, &Edit::Retire(0));
        edit(&mut options, &Edit::Remove(7));
        assert!(!options[0].active && options.len() == 2);
    }

    #[test]
    fn a_draft_is_tried_out_among_the_other_fields() {
        let fields = Fields { inquiry: vec![field(1, "大分類", Kind::Text)], ..Fields::default() };
        let new = field(2, "備考", Kind::LongText);
        assert_eq!(preview(&fields, &new).keys().len(), 2);
        let renamed = field(1, "分類", Kind::Text);
        assert_eq!(preview(&fields, &renamed).keys().len(), 1);
    }

    #[test]
    fn what_a_record_begins_with_is_of_the_fields_own_kind() {
        let words = crate::text::Language::Ja.messages();
        let mut number = field(1, "数", Kind::Number);
        number.default = default_of(&number, &Entered::Text("007".to_owned()));
        let form = default_form(&number, words).unwrap();
        assert_eq!(form.view(Key::Field(number.id)).unwrap().text(), "7");
        assert_eq!(default_of(&number, &Entered::Text("many".to_owned())), None);
        assert!(default_form(&field(1, "電話", Kind::Phone), words).is_none());
    }
}
