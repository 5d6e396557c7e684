//! A form over one record: what is stored, what is typed over it, and how each field is to be drawn.
//!
//! ```text
//! stored values ─┐
//! defaults ──────┼─► what a field holds ──typed over──► view ──drawn──► Act ──► typed, changes, draft
//! the call's number ┘
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::ids::{ChoiceId, RecordId};
use domain::records::{Before, Conflict, Entered, Field, Key, Kind, Owner, Reading, Value, fold};
use domain::time::Timestamp;
use wire::Problem;
use wire::records::{Attachment, FieldChange, Fields, Shown, ShownValues, Stamp};

use crate::format::digits_only;
use crate::text::Messages;

/// Up to so many choices stand in a row as buttons; more are found by typing.
pub(crate) const FEW: usize = 6;

/// What somebody did in a form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    /// Typed or chose.
    Enter(Key, Entered),
    /// Asked for what is behind a mask.
    Unmask(Key),
    /// Wants to replace what is behind a mask, unseen.
    Replace(Key),
    /// Pressed the handset beside a number.
    Dial(String),
    /// Copied a number: its digits.
    Copy(String),
    /// Chose between two people's values: true for the own one.
    Take(Key, bool),
}

/// What is typed over a record: each changed field with what it began with.
pub(crate) type Typed = BTreeMap<Key, (Before, Entered)>;

/// A stored record, as far as a form needs it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// Its version.
    pub(crate) version: u32,
    /// Its values.
    pub(crate) values: ShownValues,
    /// An inquiry's files.
    pub(crate) files: Vec<Attachment>,
    /// The last change.
    pub(crate) updated: Stamp,
}

/// A field that two people changed, and what this form's agent chose.
#[derive(Clone, Debug, PartialEq)]
struct Clash {
    conflict: Conflict,
    me: Stamp,
    mine: Option<bool>,
}

/// A form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Form {
    owner: Owner,
    fields: Arc<Fields>,
    id: RecordId,
    stored: Option<Record>,
    fixed: Option<(Key, Value)>,
    unmasked: BTreeMap<Key, Option<Value>>,
    replacing: BTreeSet<Key>,
    typed: Typed,
    files: Option<Vec<Attachment>>,
    emptied: BTreeSet<Key>,
    problems: BTreeMap<Key, Problem>,
    clashes: Vec<Clash>,
}

/// One that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opt {
    /// Which.
    pub(crate) id: ChoiceId,
    /// Its words.
    pub(crate) label: String,
}

/// How a line of text is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Line {
    /// Letters.
    Text,
    /// A number.
    Number,
    /// A day.
    Date,
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
}

/// What a field is drawn as.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    /// One line.
    Line(Line, String),
    /// Several lines.
    Long(String),
    /// Phone numbers, one a row; the first ones may be locked to the call.
    Phones {
        /// One a row.
        rows: Vec<String>,
        /// So many of them cannot be changed.
        locked: usize,
    },
    /// One or any of several.
    Choose {
        /// Any number of them.
        many: bool,
        /// In a row of buttons.
        few: bool,
        /// What can be chosen now, and what is chosen and no longer offered.
        options: Vec<Opt>,
        /// What is chosen.
        chosen: Vec<ChoiceId>,
        /// Nothing can be chosen before this field is.
        waits_for: Option<String>,
    },
    /// Yes or no.
    Tick(bool),
    /// `•••• 1234`
    Masked {
        /// What is shown of it.
        tail: String,
        /// Whether this user may see it.
        may_unmask: bool,
    },
    /// Read only: a retired field.
    Read(String),
    /// Two people's values.
    Clash {
        /// The own one, in words, and who typed it when.
        mine: (String, Stamp),
        /// The other one, in words, and who saved it when.
        theirs: (String, Stamp),
        /// Which is chosen.
        chosen: Option<bool>,
    },
}

/// What decides which control draws a field; a field whose shape changes is drawn anew.
pub(crate) type Shape = (u8, bool, bool);

/// A field as it is to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldView {
    /// Which.
    pub(crate) key: Key,
    /// Its name, of a defined field.
    label: String,
    /// A line under its label.
    pub(crate) help: String,
    /// Whether the record is complete only with it.
    pub(crate) required: bool,
    /// Whether what stands there is not saved.
    pub(crate) changed: bool,
    /// What is wrong with it.
    pub(crate) problem: Option<Problem>,
    /// A stored value that the field of today cannot hold: readable until another replaces it.
    pub(crate) old: Option<String>,
    /// It was emptied because this field above it changed.
    pub(crate) emptied_by: Option<String>,
    /// The control.
    pub(crate) input: Input,
}

impl FieldView {
    /// Its name in the language on display.
    pub(crate) fn label(&self, words: &Messages) -> String {
        match self.key {
            Key::Name => words.name.to_owned(),
            Key::Reading => words.reading.to_owned(),
            Key::Phones => words.phone.to_owned(),
            Key::Field(_) => self.label.clone(),
        }
    }

    /// What decides which control draws it.
    pub(crate) fn shape(&self) -> Shape {
        match &self.input {
            Input::Line(Line::Text, _) => (0, false, false),
            Input::Line(Line::Number, _) => (1, false, false),
            Input::Line(Line::Date, _) => (2, false, false),
            Input::Line(Line::Phone, _) => (3, false, false),
            Input::Line(Line::Email, _) => (4, false, false),
            Input::Long(_) => (5, false, false),
            Input::Phones { .. } => (6, false, false),
            Input::Choose { many, few, .. } => (7, *many, *few),
            Input::Tick(_) => (8, false, false),
            Input::Masked { may_unmask, .. } => (9, *may_unmask, false),
            Input::Read(_) => (10, false, false),
            Input::Clash { .. } => (11, false, false),
        }
    }

    /// What a line or a text holds.
    pub(crate) fn text(&self) -> String {
        match &self.input {
            Input::Line(_, text) | Input::Long(text) | Input::Read(text) => text.clone(),
            Input::Masked { tail, .. } => format!("•••• {tail}").trim_end().to_owned(),
            Input::Clash { mine: (text, _), .. } => text.clone(),
            Input::Phones { .. } | Input::Choose { .. } | Input::Tick(_) => String::new(),
        }
    }
}

/// What a field of a record holds before anything is typed.
enum Held<'a> {
    Nothing,
    Value(&'a Value),
    Masked(&'a str, bool),
}

impl Form {
    /// A form over a record that is not stored yet, under the id that it will have.
    pub(crate) fn new(owner: Owner, fields: Arc<Fields>, id: RecordId) -> Self {
        Self {
            owner,
            fields,
            id,
            stored: None,
            fixed: None,
            unmasked: BTreeMap::new(),
            replacing: BTreeSet::new(),
            typed: Typed::new(),
            files: None,
            emptied: BTreeSet::new(),
            problems: BTreeMap::new(),
            clashes: Vec::new(),
        }
    }

    /// A form over a stored record.
    pub(crate) fn of(owner: Owner, fields: Arc<Fields>, id: RecordId, record: Record) -> Self {
        Self { stored: Some(record), ..Self::new(owner, fields, id) }
    }

    /// A form whose first phone number is the call's, and cannot be changed.
    pub(crate) fn with_number(self, number: domain::phone::ShownNumber) -> Self {
        Self { fixed: Some((Key::Phones, Value::Phones(vec![number]))), ..self }
    }

    /// The id that the record has, or will have.
    pub(crate) fn id(&self) -> RecordId {
        self.id
    }

    /// The version that is shown; none while it is not stored.
    pub(crate) fn version(&self) -> Option<u32> {
        self.stored.as_ref().map(|record| record.version)
    }

    /// The last change of the stored record.
    pub(crate) fn updated(&self) -> Option<&Stamp> {
        self.stored.as_ref().map(|record| &record.updated)
    }

    /// What is typed.
    pub(crate) fn typed(&self) -> &Typed {
        &self.typed
    }

    /// The files that are attached and removed, if any were: all of them.
    pub(crate) fn typed_files(&self) -> Option<&Vec<Attachment>> {
        self.files.as_ref()
    }

    /// The files that the inquiry has, or will have.
    pub(crate) fn files(&self) -> &[Attachment] {
        match (&self.files, &self.stored) {
            (Some(files), _) => files,
            (None, Some(record)) => &record.files,
            (None, None) => &[],
        }
    }

    /// Sets the files.
    pub(crate) fn set_files(&mut self, files: Vec<Attachment>) {
        let stored = self.stored.as_ref().map_or(&[][..], |record| &record.files);
        self.files = (files != stored).then_some(files);
    }

    /// Whether something is typed that is not saved.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.typed.is_empty() || self.files.is_some()
    }

    /// Whether 保存 would store anything.
    pub(crate) fn can_save(&self) -> bool {
        match self.stored {
            Some(_) => self.is_dirty(),
            None => !self.changes().is_empty() || !self.files().is_empty(),
        }
    }

    /// Puts a draft back, or (none) forgets what was typed.
    pub(crate) fn restore(&mut self, typed: Typed, files: Option<Vec<Attachment>>) {
        self.typed = typed;
        self.files = files;
        self.emptied.clear();
        self.problems.clear();
        self.clashes.clear();
        self.replacing.clear();
        self.drop_unchanged();
    }

    /// Takes other definitions of the fields; what is typed stays.
    pub(crate) fn redefine(&mut self, fields: Arc<Fields>) {
        self.fields = fields;
    }

    /// Takes the record as it is stored now; what is typed stays, with what it began with.
    pub(crate) fn refresh(&mut self, record: Record) {
        if self.stored.as_ref().is_some_and(|stored| stored.version == record.version) {
            return;
        }
        // Behind the masks may be other values now.
        self.unmasked.clear();
        self.stored = Some(record);
        self.drop_unchanged();
    }

    /// It is stored: `sent` was, and what was typed meanwhile stays typed over it.
    pub(crate) fn saved(&mut self, record: Record, sent: &Typed, sent_files: Option<&Vec<Attachment>>) {
        self.unmasked.clear();
        self.fixed = None;
        self.stored = Some(record);
        self.clashes.clear();
        self.problems.clear();
        self.emptied.clear();
        self.typed.retain(|key, (_, entered)| sent.get(key).map(|(_, sent)| sent) != Some(entered));
        let began: Vec<(Key, Before)> = self.typed.keys().map(|key| (*key, self.before(*key))).collect();
        for (key, before) in began {
            if let Some(entry) = self.typed.get_mut(&key) {
                entry.0 = before;
            }
        }
        let typed = &self.typed;
        self.replacing.retain(|key| typed.contains_key(key));
        if self.files.as_ref() == sent_files {
            self.files = None;
        }
        self.drop_unchanged();
    }

    /// Somebody saved other values first: the record as they left it, where the two differ, and who typed here.
    pub(crate) fn clashed(&mut self, record: Record, conflicts: Vec<Conflict>, me: &Stamp) {
        self.unmasked.clear();
        self.stored = Some(record);
        self.clashes = conflicts.into_iter().map(|conflict| Clash { conflict, me: me.clone(), mine: None }).collect();
    }

    /// Whether somebody must choose between two values before it can be saved.
    pub(crate) fn must_choose(&self) -> bool {
        self.clashes.iter().any(|clash| clash.mine.is_none())
    }

    /// Whether two people's values are shown.
    pub(crate) fn in_conflict(&self) -> bool {
        !self.clashes.is_empty()
    }

    /// Carries out what was chosen; called when it is saved.
    pub(crate) fn settle(&mut self) {
        for Clash { conflict: Conflict { key, theirs, .. }, mine, .. } in core::mem::take(&mut self.clashes) {
            match (mine, self.typed.get_mut(&key)) {
                (Some(true), Some(entry)) => entry.0 = Before::Saw(theirs),
                (Some(true), None) => {}
                (Some(false) | None, _) => drop(self.typed.remove(&key)),
            }
        }
    }

    /// What the server said is wrong; those of its fields that this form shows.
    pub(crate) fn wrong(&mut self, fields: &[wire::error::FieldError]) {
        self.problems =
            fields.iter().filter_map(|wrong| Some((wrong.field.parse().ok()?, wrong.problem.clone()))).collect();
    }

    /// What is wrong, in the order of the form.
    pub(crate) fn problems(&self) -> Vec<FieldView> {
        self.keys().into_iter().filter(|key| self.problems.contains_key(key)).filter_map(|key| self.view(key)).collect()
    }

    /// Takes what is behind a mask.
    pub(crate) fn unmask(&mut self, key: Key, value: Option<Value>) {
        self.unmasked.insert(key, value);
    }

    /// What was done in it; what is not about its own state is left to its owner.
    pub(crate) fn act(&mut self, act: &Act) {
        match act {
            Act::Enter(key, entered) => self.enter(*key, entered.clone()),
            Act::Replace(key) => drop(self.replacing.insert(*key)),
            Act::Take(key, mine) => {
                if let Some(clash) = self.clashes.iter_mut().find(|clash| clash.conflict.key == *key) {
                    clash.mine = Some(*mine);
                }
            }
            Act::Unmask(_) | Act::Dial(_) | Act::Copy(_) => {}
        }
    }

    /// Somebody typed or chose.
    pub(crate) fn enter(&mut self, key: Key, entered: Entered) {
        self.problems.remove(&key);
        self.emptied.remove(&key);
        if self.is_as_stored(key, &entered) {
            self.typed.remove(&key);
        } else if let Some(entry) = self.typed.get_mut(&key) {
            entry.1 = entered;
        } else {
            let before = self.before(key);
            self.typed.insert(key, (before, entered));
        }
        self.narrow_below(key);
    }

    /// What is to be sent: when it is not stored yet, all that is filled.
    pub(crate) fn changes(&self) -> Vec<FieldChange> {
        if self.stored.is_some() {
            let change = |(key, (before, after)): (&Key, &(Before, Entered))| FieldChange {
                key: *key,
                before: before.clone(),
                after: after.clone(),
            };
            return self.typed.iter().map(change).collect();
        }
        self.keys()
            .into_iter()
            .map(|key| FieldChange { key, before: Before::Saw(None), after: self.entered(key) })
            .filter(|change| !change.after.is_empty())
            .collect()
    }

    /// The first field that holds nothing, in the order of the form.
    pub(crate) fn first_empty(&self) -> Option<Key> {
        let empty = |key: &Key| {
            self.view(*key).is_some_and(|view| match view.input {
                Input::Masked { .. } | Input::Read(_) | Input::Clash { .. } | Input::Tick(_) => false,
                Input::Choose { waits_for: Some(_), .. } => false,
                Input::Line(..) | Input::Long(_) | Input::Phones { .. } | Input::Choose { .. } => {
                    self.entered(*key).is_empty()
                }
            })
        };
        self.keys().into_iter().find(empty)
    }

    /// The fields that are shown, in order: retired ones only where they hold something.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let built_in: &[Key] = match self.owner {
            Owner::Customer => &Key::BUILT_IN,
            Owner::Inquiry => &[],
        };
        let own = self.fields.of(self.owner);
        let active = own.iter().filter(|field| field.active);
        let retired =
            own.iter().filter(|field| !field.active && !matches!(self.held(Key::Field(field.id)), Held::Nothing));
        built_in.iter().copied().chain(active.chain(retired).map(|field| Key::Field(field.id))).collect()
    }

    /// How a field is to be drawn; none for one that is not defined.
    pub(crate) fn view(&self, key: Key) -> Option<FieldView> {
        let field = self.field(key);
        if field.is_none() && matches!(key, Key::Field(_)) {
            return None;
        }
        let old = match self.reading(key) {
            Some(Reading::Old(text)) if !self.typed.contains_key(&key) => Some(text),
            Some(Reading::Old(_) | Reading::Fits(_)) | None => None,
        };
        let retired = field.is_some_and(|field| !field.active);
        Some(FieldView {
            key,
            label: field.map(|field| field.label.clone()).unwrap_or_default(),
            help: field.map(|field| field.help.clone()).unwrap_or_default(),
            required: field.is_some_and(|field| field.required && field.active),
            changed: self.typed.contains_key(&key),
            problem: self.problems.get(&key).cloned(),
            old: old.filter(|_| !retired),
            emptied_by: self.emptied.contains(&key).then(|| self.parent_label(field)).flatten(),
            input: self.input(key, field),
        })
    }

    fn input(&self, key: Key, field: Option<&Field>) -> Input {
        if let Some(clash) = self.clashes.iter().find(|clash| clash.conflict.key == key) {
            let theirs = clash.conflict.theirs.as_ref().map(|value| self.words_of(value)).unwrap_or_default();
            let nobody = Stamp { at: Timestamp(0), by: None, name: None };
            let by = self.updated().cloned().unwrap_or(nobody);
            let mine = (self.entered_words(key), clash.me.clone());
            return Input::Clash { mine, theirs: (theirs, by), chosen: clash.mine };
        }
        if let Held::Masked(tail, may_unmask) = self.held(key)
            && !self.typed.contains_key(&key)
            && !self.replacing.contains(&key)
        {
            return Input::Masked { tail: tail.to_owned(), may_unmask };
        }
        let Some(field) = field else {
            return match (key, self.entered(key)) {
                (Key::Phones, Entered::Lines(rows)) => {
                    let locked = match &self.fixed {
                        Some((Key::Phones, Value::Phones(numbers))) => numbers.len(),
                        Some(_) | None => 0,
                    };
                    Input::Phones { rows, locked }
                }
                (_, entered) => Input::Line(Line::Text, text_of(&entered)),
            };
        };
        if !field.active {
            let held = match self.held(key) {
                Held::Value(value) => self.words_of(value),
                Held::Nothing | Held::Masked(..) => String::new(),
            };
            return Input::Read(held);
        }
        let entered = self.entered(key);
        match &field.kind {
            Kind::Text => Input::Line(Line::Text, text_of(&entered)),
            Kind::Number => Input::Line(Line::Number, text_of(&entered)),
            Kind::Date => Input::Line(Line::Date, text_of(&entered)),
            Kind::Phone => Input::Line(Line::Phone, text_of(&entered)),
            Kind::Email => Input::Line(Line::Email, text_of(&entered)),
            Kind::LongText => Input::Long(text_of(&entered)),
            Kind::Checkbox => Input::Tick(entered == Entered::Checked(true)),
            Kind::Choice(choices) | Kind::MultipleChoice(choices) => {
                let above = choices.parent.and_then(|parent| self.chosen(Key::Field(parent)).first().copied());
                let chosen = self.chosen(key);
                let mut options: Vec<Opt> = choices
                    .offered(above)
                    .into_iter()
                    .map(|choice| Opt { id: choice.id, label: choice.label.clone() })
                    .collect();
                for id in &chosen {
                    if !options.iter().any(|option| option.id == *id) {
                        let label = self.fields.choice(*id).unwrap_or_default().to_owned();
                        options.push(Opt { id: *id, label });
                    }
                }
                let waits = choices.parent.is_some() && above.is_none() && chosen.is_empty();
                Input::Choose {
                    many: matches!(field.kind, Kind::MultipleChoice(_)),
                    few: choices.options.iter().filter(|choice| choice.active).count() <= FEW,
                    options,
                    chosen,
                    waits_for: waits.then(|| self.parent_label(Some(field))).flatten(),
                }
            }
        }
    }

    fn field(&self, key: Key) -> Option<&Field> {
        match key {
            Key::Field(id) => self.fields.get(id),
            Key::Name | Key::Reading | Key::Phones => None,
        }
    }

    fn parent_label(&self, field: Option<&Field>) -> Option<String> {
        self.fields.get(field?.kind.parent()?).map(|parent| parent.label.clone())
    }

    fn held(&self, key: Key) -> Held<'_> {
        if let Some((fixed, value)) = &self.fixed
            && *fixed == key
        {
            return Held::Value(value);
        }
        let Some(record) = &self.stored else {
            let default = self.field(key).filter(|field| field.active).and_then(|field| field.default.as_ref());
            return default.map_or(Held::Nothing, Held::Value);
        };
        if let Some(seen) = self.unmasked.get(&key) {
            return seen.as_ref().map_or(Held::Nothing, Held::Value);
        }
        match record.values.get(&key) {
            None => Held::Nothing,
            Some(Shown::Plain(value)) => Held::Value(value),
            Some(Shown::Masked { tail, may_unmask }) => Held::Masked(tail, *may_unmask),
        }
    }

    fn reading(&self, key: Key) -> Option<Reading> {
        let Held::Value(value) = self.held(key) else { return None };
        Some(match self.field(key) {
            Some(field) => value.read_as(&field.kind, |id| self.fields.choice(id).map(str::to_owned)),
            None => Reading::Fits(value.entered()),
        })
    }

    fn blank(&self, key: Key) -> Entered {
        match (key, self.field(key)) {
            (Key::Phones, _) => Entered::Lines(Vec::new()),
            (_, Some(field)) => field.kind.blank(),
            (Key::Name | Key::Reading | Key::Field(_), None) => Entered::Text(String::new()),
        }
    }

    /// What stands in a field now.
    fn entered(&self, key: Key) -> Entered {
        if let Some((_, entered)) = self.typed.get(&key) {
            return entered.clone();
        }
        match self.reading(key) {
            Some(Reading::Fits(entered)) => entered,
            Some(Reading::Old(_)) | None => self.blank(key),
        }
    }

    fn is_as_stored(&self, key: Key, entered: &Entered) -> bool {
        match self.reading(key) {
            Some(Reading::Fits(stored)) => match (&stored, entered) {
                (Entered::Lines(stored), Entered::Lines(entered)) => {
                    // An empty row that is about to be filled changes nothing.
                    stored.iter().eq(entered.iter().filter(|line| !line.trim().is_empty()))
                }
                (stored, entered) => stored == entered,
            },
            Some(Reading::Old(_)) | None => entered.is_empty(),
        }
    }

    fn before(&self, key: Key) -> Before {
        match (&self.stored, self.held(key)) {
            (Some(_), Held::Value(value)) => Before::Saw(Some(value.clone())),
            (Some(_), Held::Masked(..)) => Before::Masked,
            (Some(_), Held::Nothing) | (None, _) => Before::Saw(None),
        }
    }

    fn chosen(&self, key: Key) -> Vec<ChoiceId> {
        match self.entered(key) {
            Entered::Choice(chosen) => chosen.into_iter().collect(),
            Entered::Choices(chosen) => chosen,
            Entered::Text(_) | Entered::Lines(_) | Entered::Checked(_) => Vec::new(),
        }
    }

    /// Empties what a changed parent no longer offers.
    fn narrow_below(&mut self, key: Key) {
        let Key::Field(parent) = key else { return };
        let above = self.chosen(key).first().copied();
        let fields = Arc::clone(&self.fields);
        for child in fields.of(self.owner).iter().filter(|field| field.active && field.kind.parent() == Some(parent)) {
            let Some(choices) = child.kind.choices() else { continue };
            let key = Key::Field(child.id);
            let chosen = self.chosen(key);
            let offered = choices.offered(above);
            let stays: Vec<_> =
                chosen.iter().copied().filter(|id| offered.iter().any(|choice| choice.id == *id)).collect();
            if stays.len() < chosen.len() {
                let entered = match child.kind {
                    Kind::MultipleChoice(_) => Entered::Choices(stays),
                    Kind::Choice(_)
                    | Kind::Text
                    | Kind::LongText
                    | Kind::Number
                    | Kind::Date
                    | Kind::Checkbox
                    | Kind::Phone
                    | Kind::Email => child.kind.blank(),
                };
                self.enter(key, entered);
                self.emptied.insert(key);
            }
        }
    }

    /// Forgets what was typed and is stored by now, word for word.
    fn drop_unchanged(&mut self) {
        let same: Vec<Key> = self
            .typed
            .iter()
            .filter(|(key, (before, entered))| *before != Before::Masked && self.is_as_stored(**key, entered))
            .map(|(key, _)| *key)
            .collect();
        for key in same {
            self.typed.remove(&key);
        }
    }

    fn words_of(&self, value: &Value) -> String {
        value.text(|id| self.fields.choice(id).map(str::to_owned))
    }

    fn entered_words(&self, key: Key) -> String {
        let label = |id: &ChoiceId| self.fields.choice(*id).unwrap_or_default().to_owned();
        match self.entered(key) {
            Entered::Text(text) => text,
            Entered::Lines(lines) => lines.join(", "),
            Entered::Choice(chosen) => chosen.iter().map(label).collect(),
            Entered::Choices(chosen) => chosen.iter().map(label).collect::<Vec<_>>().join(", "),
            Entered::Checked(true) => "✓".to_owned(),
            Entered::Checked(false) => String::new(),
        }
    }
}

fn text_of(entered: &Entered) -> String {
    match entered {
        Entered::Text(text) => text.clone(),
        Entered::Lines(_) | Entered::Choice(_) | Entered::Choices(_) | Entered::Checked(_) => String::new(),
    }
}

/// The digits of a phone number as it is typed or shown.
pub(crate) fn digits(shown: &str) -> String {
    digits_only(shown)
}

/// Whether a choice is meant by what was typed: any part of its words, or the first letters of its words; in Korean the
/// first consonants. Both are NFKC already.
pub(crate) fn meant(label: &str, typed: &str) -> bool {
    let (label, typed) = (fold(label), fold(typed.trim()));
    label.contains(&typed) || initials(&label).contains(&typed) || consonants(&label).contains(&typed)
}

fn initials(label: &str) -> String {
    label.split(|c: char| !c.is_alphanumeric()).filter_map(|word| word.chars().next()).collect()
}

/// The leading consonants of Hangul syllables (Unicode 3.12, conjoining jamo behaviour); other letters stay.
fn consonants(label: &str) -> String {
    let lead = |c: char| match u32::from(c) {
        code @ 0xAC00..=0xD7A3 => char::from_u32(0x1100 + (code - 0xAC00) / 588).unwrap_or(c),
        _ => c,
    };
    label.chars().map(lead).collect()
}
