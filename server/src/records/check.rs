//! Whether a field may be saved as an administrator wants it.

use domain::ids::{ChoiceId, FieldId};
use domain::records::{Choice, Choices, Field, Kind, MOST_CHOICES, Reading, Value, Values, check, fold, has_control};
use domain::records::{Key, Owner};
use wire::records::Fields;
use wire::{ApiError, ApiResult, FieldError, Problem};

use crate::telephony::numbers::{NumberingPlan, half_width};

/// Most characters of a label, of a field or a choice.
const LABEL: usize = 60;
/// Most characters of a help text.
const HELP: usize = 200;
/// How many fields an owner may have, the retired ones among them.
const MOST_FIELDS: usize = 200;
/// How deep choices may narrow each other.
const DEEPEST: usize = 10;

#[derive(Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, field: impl Into<String>, problem: Problem) {
        let field = field.into();
        if self.0.iter().all(|known| known.field != field) {
            self.0.push(FieldError { field, problem });
        }
    }

    fn line(&mut self, field: &str, text: &str, max: usize) -> String {
        let text = text.trim();
        if text.chars().count() > max {
            self.add(field, Problem::TooLong { max: narrow(max) });
        }
        if has_control(text, false) {
            self.add(field, Problem::ControlCharacter);
        }
        text.to_owned()
    }

    fn label(&mut self, field: &str, text: &str) -> String {
        let text = self.line(field, text, LABEL);
        if text.is_empty() {
            self.add(field, Problem::Required);
        }
        text
    }
}

/// The field as it may be saved. `ever` is all that it has offered until now: none of it is lost.
pub(super) fn field(all: &Fields, mut field: Field, ever: &[Choice], plan: NumberingPlan) -> ApiResult<Field> {
    let mut faults = Faults::default();
    let before = all.get(field.id);
    let siblings = || all.of(field.owner).iter().filter(|other| other.id != field.id);
    if before.is_some_and(|before| before.owner != field.owner) {
        faults.add("owner", Problem::Malformed);
    }
    if before.is_none() && all.of(field.owner).len() >= MOST_FIELDS {
        faults.add("label", Problem::TooMany { max: narrow(MOST_FIELDS) });
    }
    field.label = faults.label("label", &field.label);
    let same = |other: &Field| other.active && alike(&other.label, &field.label);
    if field.active && siblings().any(same) {
        faults.add("label", Problem::Taken);
    }
    field.help = faults.line("help", &field.help, HELP);
    let narrowed = siblings().any(|other| other.active && other.kind.parent() == Some(field.id));
    if narrowed && !field.active {
        faults.add("active", Problem::InUse);
    }
    if narrowed && !matches!(field.kind, Kind::Choice(_)) {
        faults.add("kind", Problem::InUse);
    }
    let (id, owner) = (field.id, field.owner);
    match &mut field.kind {
        Kind::Choice(offered) | Kind::MultipleChoice(offered) => {
            choices(&mut faults, all, (id, owner), offered, ever);
        }
        Kind::Text | Kind::LongText | Kind::Number | Kind::Date | Kind::Checkbox | Kind::Phone | Kind::Email => {}
    }
    // A default of choices that are wrong themselves would only be told of twice.
    if faults.0.is_empty() {
        field.default = default(&mut faults, all, &field, plan);
    }
    if faults.0.is_empty() { Ok(field) } else { Err(ApiError::Invalid { fields: faults.0 }) }
}

fn choices(faults: &mut Faults, all: &Fields, me: (FieldId, Owner), offered: &mut Choices, ever: &[Choice]) {
    if offered.options.is_empty() {
        faults.add("kind", Problem::Required);
    }
    if offered.options.len() > MOST_CHOICES {
        faults.add("kind", Problem::TooMany { max: narrow(MOST_CHOICES) });
    }
    let parent = offered.parent.map(|parent| parent_of(all, me, parent));
    let above: Option<&Choices> = match parent {
        Some(Err(problem)) => {
            faults.add("parent", problem);
            None
        }
        Some(Ok(choices)) => Some(choices),
        None => None,
    };
    let elsewhere = |id: ChoiceId| {
        let others = all.customer.iter().chain(&all.inquiry).filter(|other| other.id != me.0);
        others.filter_map(|other| other.kind.choices()).any(|choices| choices.get(id).is_some())
    };
    let mut seen: Vec<(ChoiceId, Option<String>)> = Vec::new();
    for (n, choice) in offered.options.iter_mut().enumerate() {
        let named = format!("choices.{n}.label");
        choice.label = faults.label(&named, &choice.label);
        let word = choice.active.then(|| plain(&choice.label));
        let twice = seen.iter().any(|(id, label)| *id == choice.id || (word.is_some() && *label == word));
        if twice || elsewhere(choice.id) {
            faults.add(named, Problem::Taken);
        }
        seen.push((choice.id, word));
        match above {
            None => choice.under.clear(),
            Some(above) => {
                choice.under.sort();
                choice.under.dedup();
                if !choice.under.iter().all(|id| above.get(*id).is_some()) {
                    faults.add(format!("choices.{n}.under"), Problem::Unknown);
                }
            }
        }
    }
    // What was left out is retired, not gone: somewhere it is chosen.
    for lost in ever.iter().filter(|known| seen.iter().all(|(id, _)| *id != known.id)) {
        let mut lost = lost.clone();
        lost.active = false;
        lost.under.retain(|id| above.is_some_and(|above| above.get(*id).is_some()));
        offered.options.push(lost);
    }
}

/// What the parent offers: another active single choice of the same owner, above which this field does not stand.
fn parent_of(all: &Fields, (id, owner): (FieldId, Owner), parent: FieldId) -> Result<&Choices, Problem> {
    let found = all.of(owner).iter().find(|other| other.id == parent && other.active).ok_or(Problem::Unknown)?;
    let Kind::Choice(choices) = &found.kind else { return Err(Problem::WrongKind) };
    let mut above = Some(parent);
    for _ in 0..DEEPEST {
        match above {
            None => return Ok(choices),
            Some(field) if field == id => return Err(Problem::Malformed),
            Some(field) => above = all.get(field).and_then(|field| field.kind.parent()),
        }
    }
    Err(Problem::Malformed)
}

/// What a new record begins with, if the field itself would take it, given what the fields above it begin with.
fn default(faults: &mut Faults, all: &Fields, field: &Field, plan: NumberingPlan) -> Option<Value> {
    let value = field.default.as_ref()?;
    let above = |parent: FieldId| Some((Key::Field(parent), all.get(parent)?.default.clone()?));
    let above: Values = field.kind.parent().and_then(above).into_iter().collect();
    let label = |id| field.kind.choices().and_then(|choices| choices.get(id)).map(|choice| choice.label.clone());
    let read = |text: &str| plan.read(text);
    let checked = match value.read_as(&field.kind, label) {
        Reading::Fits(entered) => check(&Field { active: true, ..field.clone() }, &entered, &above, None, read),
        Reading::Old(_) => Err(domain::records::Wrong::OfAnotherType),
    };
    checked.unwrap_or_else(|wrong| {
        faults.add("default", wrong.into());
        None
    })
}

fn alike(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

/// As people compare words: in one width, one kana and one case.
fn plain(text: &str) -> String {
    fold(&half_width(text.trim()))
}

fn narrow(most: usize) -> u32 {
    u32::try_from(most).unwrap_or(u32::MAX)
}
