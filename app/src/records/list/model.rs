//! What a list of records shows and asks, in plain Rust. Nothing here draws or sends.

use domain::ids::{CustomerId, InquiryId, UserId};
use domain::records::{Field, Key, Kind, Owner, Value};
use domain::time::Timestamp;
use serde::Serialize;
use wire::customers::{CustomerPage, CustomerRow, Filter, ListQuery, Sort, SortBy, Total};
use wire::inquiries::{InquiryPage, InquiryRow};
use wire::record_files::Column;
use wire::records::{Fields, Shown, ShownValues};

use crate::text::Messages;

/// Rows of a page, as the server counts them.
const PAGE: usize = 50;
/// How many of the defined fields are among the usual columns.
const USUAL_FIELDS: usize = 3;
/// How many columns the server keeps at most.
pub(crate) const MOST_COLUMNS: usize = 40;

/// A customer or an inquiry in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Who, or whose.
    pub(crate) customer: CustomerId,
    /// Which inquiry; none in the list of customers.
    pub(crate) inquiry: Option<InquiryId>,
    /// All filled fields.
    pub(crate) values: ShownValues,
    /// The customer's name; empty when the record has none.
    pub(crate) name: String,
    updated: Timestamp,
    created: Option<Timestamp>,
    contact: Option<Timestamp>,
    writer: Option<(UserId, String)>,
}

/// A page of either list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Its rows.
    pub(crate) rows: Vec<Row>,
    /// Where the next one begins.
    pub(crate) next: Option<String>,
    /// How many there are.
    pub(crate) total: Total,
}

impl From<CustomerRow> for Row {
    fn from(CustomerRow { id, values, updated_at, last_contact }: CustomerRow) -> Self {
        let name = values.get(&Key::Name).map(|name| said(name, &Fields::default())).unwrap_or_default();
        Self {
            customer: id,
            inquiry: None,
            values,
            name,
            updated: updated_at,
            created: None,
            contact: last_contact,
            writer: None,
        }
    }
}

impl From<InquiryRow> for Row {
    fn from(InquiryRow { inquiry, customer_name }: InquiryRow) -> Self {
        Self {
            customer: inquiry.customer,
            inquiry: Some(inquiry.id),
            values: inquiry.values,
            name: customer_name,
            updated: inquiry.updated.at,
            created: Some(inquiry.created.at),
            contact: None,
            writer: inquiry.created.by.map(|by| (by, inquiry.created.name.unwrap_or_default())),
        }
    }
}

impl From<CustomerPage> for Page {
    fn from(CustomerPage { rows, next, total }: CustomerPage) -> Self {
        Self { rows: rows.into_iter().map(Row::from).collect(), next, total }
    }
}

impl From<InquiryPage> for Page {
    fn from(InquiryPage { rows, next, total }: InquiryPage) -> Self {
        Self { rows: rows.into_iter().map(Row::from).collect(), next, total }
    }
}

impl Page {
    /// What `new` says about the rows that are on display, which stay where they are: somebody points at them.
    pub(crate) fn refreshed(&self, new: &Self) -> Self {
        let same = |row: &Row, other: &Row| (row.customer, row.inquiry) == (other.customer, other.inquiry);
        let rows =
            self.rows.iter().map(|had| new.rows.iter().find(|row| same(had, row)).unwrap_or(had).clone()).collect();
        Self { rows, next: new.next.clone(), total: new.total }
    }

    /// Those who wrote something on this page.
    pub(crate) fn writers(&self) -> impl Iterator<Item = (UserId, String)> {
        self.rows.iter().filter_map(|row| row.writer.clone())
    }
}

/// A cell, ready to be drawn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cell {
    /// Words.
    Text(String),
    /// A number, which stands at the end edge.
    Number(String),
    /// Phone numbers in their national form.
    Phones(Vec<String>),
    /// When something was.
    Time(Option<Timestamp>),
}

/// A row, ready to be drawn: what tells it from its own older state, too.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Drawn {
    /// Who, or whose.
    pub(crate) customer: CustomerId,
    /// Which inquiry.
    pub(crate) inquiry: Option<InquiryId>,
    /// What the row is called.
    pub(crate) name: String,
    /// By column.
    pub(crate) cells: Vec<Cell>,
}

impl Drawn {
    /// The desk's address with it open.
    pub(crate) fn address(&self) -> String {
        match self.inquiry {
            Some(inquiry) => format!("/?customer={}&inquiry={inquiry}", self.customer),
            None => format!("/?customer={}", self.customer),
        }
    }
}

/// Draws a row.
pub(crate) fn drawn(row: &Row, columns: &[Column], fields: &Fields, words: &Messages) -> Drawn {
    let name = if row.name.is_empty() { words.no_name } else { &row.name }.to_owned();
    let cell = |column: &Column| match column {
        Column::Field(Key::Name) | Column::Customer => Cell::Text(name.clone()),
        Column::Field(key) => value_cell(row.values.get(key), *key, fields),
        Column::Updated => Cell::Time(Some(row.updated)),
        Column::LastContact => Cell::Time(row.contact),
        Column::Created => Cell::Time(row.created),
        Column::Writer => Cell::Text(row.writer.as_ref().map(|(_, name)| name.clone()).unwrap_or_default()),
    };
    Drawn { customer: row.customer, inquiry: row.inquiry, cells: columns.iter().map(cell).collect(), name }
}

fn value_cell(shown: Option<&Shown>, key: Key, fields: &Fields) -> Cell {
    match shown {
        Some(Shown::Plain(Value::Phone(number))) => Cell::Phones(vec![number.shown.clone()]),
        Some(Shown::Plain(Value::Phones(numbers))) => {
            Cell::Phones(numbers.iter().map(|number| number.shown.clone()).collect())
        }
        Some(shown) if is_number(key, fields) => Cell::Number(said(shown, fields)),
        // On one line, whatever was typed.
        Some(shown) => Cell::Text(said(shown, fields).replace('\n', " ")),
        None => Cell::Text(String::new()),
    }
}

/// A value in words, masked where it is.
pub(crate) fn said(shown: &Shown, fields: &Fields) -> String {
    match shown {
        Shown::Plain(value) => value.text(|id| fields.choice(id).map(str::to_owned)),
        Shown::Masked { tail, may_unmask: _ } => format!("•••• {tail}").trim_end().to_owned(),
    }
}

fn field_of(key: Key, fields: &Fields) -> Option<&Field> {
    match key {
        Key::Field(id) => fields.get(id),
        Key::Name | Key::Reading | Key::Phones => None,
    }
}

fn is_number(key: Key, fields: &Fields) -> bool {
    field_of(key, fields).is_some_and(|field| field.kind == Kind::Number)
}

/// Whether a column's cells stand at the end edge.
pub(crate) fn is_numeric(column: Column, fields: &Fields) -> bool {
    matches!(column, Column::Field(key) if is_number(key, fields))
}

/// A field's name.
pub(crate) fn label(key: Key, fields: &Fields, words: &Messages) -> String {
    match key {
        Key::Name => words.name.to_owned(),
        Key::Reading => words.reading.to_owned(),
        Key::Phones => words.phone.to_owned(),
        Key::Field(_) => field_of(key, fields).map(|field| field.label.clone()).unwrap_or_default(),
    }
}

/// What stands above a column.
pub(crate) fn heading(column: Column, fields: &Fields, words: &Messages) -> String {
    match column {
        Column::Field(key) => label(key, fields, words),
        Column::Updated => words.lists_updated.to_owned(),
        Column::LastContact => words.lists_last_contact.to_owned(),
        Column::Created => words.lists_created.to_owned(),
        Column::Writer => words.lists_writer.to_owned(),
        Column::Customer => words.pane_customer.to_owned(),
    }
}

/// The fields of a kind of record; retired ones too, whose old values stay readable.
pub(crate) fn keys(owner: Owner, fields: &Fields) -> Vec<Key> {
    let built_in: &[Key] = if owner == Owner::Customer { &Key::BUILT_IN } else { &[] };
    let mut own: Vec<&Field> = fields.of(owner).iter().collect();
    own.sort_by_key(|field| !field.active);
    built_in.iter().copied().chain(own.into_iter().map(|field| Key::Field(field.id))).collect()
}

/// All columns that a list can show.
pub(crate) fn offered(owner: Owner, fields: &Fields) -> Vec<Column> {
    let own = keys(owner, fields).into_iter().map(Column::Field);
    match owner {
        Owner::Customer => own.chain([Column::LastContact, Column::Updated]).collect(),
        Owner::Inquiry => [Column::Created, Column::Customer]
            .into_iter()
            .chain(own)
            .chain([Column::Writer, Column::Updated])
            .collect(),
    }
}

/// The columns on display: those that were chosen, without fields that are gone; else the usual ones.
pub(crate) fn columns(chosen: Option<&[Column]>, owner: Owner, fields: &Fields) -> Vec<Column> {
    let offered = offered(owner, fields);
    let chosen: Vec<Column> =
        chosen.unwrap_or_default().iter().copied().filter(|column| offered.contains(column)).collect();
    if !chosen.is_empty() {
        return chosen;
    }
    let active: Vec<Column> = fields
        .of(owner)
        .iter()
        .filter(|field| field.active)
        .take(USUAL_FIELDS)
        .map(|field| Column::Field(Key::Field(field.id)))
        .collect();
    let usual = |column: &Column| match column {
        Column::Field(Key::Field(_)) => active.contains(column),
        Column::Updated => owner == Owner::Customer,
        Column::Field(Key::Name | Key::Reading | Key::Phones)
        | Column::LastContact
        | Column::Created
        | Column::Writer
        | Column::Customer => true,
    };
    offered.into_iter().filter(usual).collect()
}

/// A column ticked or not: a new one goes to the end, and the last one stays.
pub(crate) fn toggled(columns: &[Column], column: Column) -> Vec<Column> {
    let mut columns = columns.to_vec();
    match columns.iter().position(|shown| *shown == column) {
        Some(at) if columns.len() > 1 => drop(columns.remove(at)),
        None if columns.len() < MOST_COLUMNS => columns.push(column),
        Some(_) | None => {}
    }
    columns
}

/// A column one place nearer to the start.
pub(crate) fn earlier(columns: &[Column], column: Column) -> Vec<Column> {
    let mut columns = columns.to_vec();
    if let Some(at) = columns.iter().position(|shown| *shown == column).filter(|at| *at > 0) {
        columns.swap(at - 1, at);
    }
    columns
}

/// The column that a list is sorted by, where it is on display.
pub(crate) fn sorted_column(sort: Sort, owner: Owner, columns: &[Column]) -> Option<usize> {
    let by: &[Column] = match (sort.by, owner) {
        (SortBy::Updated, Owner::Customer) => &[Column::Updated],
        (SortBy::Updated, Owner::Inquiry) => &[Column::Created],
        (SortBy::Reading, Owner::Customer) => &[Column::Field(Key::Reading), Column::Field(Key::Name)],
        (SortBy::Reading, Owner::Inquiry) => &[Column::Customer],
    };
    by.iter().find_map(|by| columns.iter().position(|column| column == by))
}

/// The orders of a list, in those of its menu.
pub(crate) const ORDERS: [Sort; 4] = [
    Sort { by: SortBy::Updated, descending: true },
    Sort { by: SortBy::Updated, descending: false },
    Sort { by: SortBy::Reading, descending: false },
    Sort { by: SortBy::Reading, descending: true },
];

/// An order in words.
pub(crate) fn order(sort: Sort, words: &Messages) -> &'static str {
    match (sort.by, sort.descending) {
        (SortBy::Updated, true) => words.lists_newest,
        (SortBy::Updated, false) => words.lists_oldest,
        (SortBy::Reading, false) => words.lists_by_reading,
        (SortBy::Reading, true) => words.lists_by_reading_back,
    }
}

/// What a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// A field.
    Field(Key),
    /// When it was changed or made.
    Span,
    /// Who wrote it.
    Writer,
}

/// All that a list's conditions can be about.
pub(crate) fn subjects(owner: Owner, fields: &Fields, words: &Messages) -> Vec<(About, String)> {
    let (span, writer) = match owner {
        Owner::Customer => (words.lists_updated, None),
        Owner::Inquiry => (words.lists_created, Some((About::Writer, words.lists_writer.to_owned()))),
    };
    keys(owner, fields)
        .into_iter()
        .map(|key| (About::Field(key), label(key, fields, words)))
        .chain([(About::Span, span.to_owned())])
        .chain(writer)
        .collect()
}

/// The conditions that can be set about something, without those of dates, which are written.
pub(crate) fn conditions(about: About, fields: &Fields, writers: &[(UserId, String)]) -> Vec<Filter> {
    match about {
        About::Span => Vec::new(),
        About::Writer => writers.iter().map(|(id, _)| Filter::By(*id)).collect(),
        About::Field(key) => {
            let field = field_of(key, fields).filter(|field| field.sensitive.is_none());
            let values = match field.map(|field| &field.kind) {
                Some(Kind::Choice(choices) | Kind::MultipleChoice(choices)) => {
                    choices.options.iter().map(|choice| Value::Choice(choice.id)).collect()
                }
                Some(Kind::Checkbox) => vec![Value::Checked],
                Some(Kind::Text | Kind::LongText | Kind::Number | Kind::Date | Kind::Phone | Kind::Email) | None => {
                    Vec::new()
                }
            };
            // A tick is there or it is not: that it is filled says the same.
            let filled = (values != [Value::Checked]).then_some(Filter::Filled(key, true));
            values
                .into_iter()
                .map(|value| Filter::Is(key, value))
                .chain(filled)
                .chain([Filter::Filled(key, false)])
                .collect()
        }
    }
}

/// A condition in words, without what it is about.
pub(crate) fn condition(
    filter: &Filter,
    fields: &Fields,
    words: &Messages,
    writers: &[(UserId, String)],
    day: impl Fn(Timestamp) -> String,
) -> String {
    match filter {
        Filter::Is(_, Value::Checked) => words.yes.to_owned(),
        Filter::Is(_, value) => value.text(|id| fields.choice(id).map(str::to_owned)),
        Filter::Filled(_, true) => words.lists_filled.to_owned(),
        Filter::Filled(key, false) if field_of(*key, fields).is_some_and(|field| field.kind == Kind::Checkbox) => {
            words.no.to_owned()
        }
        Filter::Filled(_, false) => words.lists_not_filled.to_owned(),
        // The end is excluded: the last day is the one before it.
        Filter::Between(from, to) => {
            let from = if from.0 == i64::MIN { String::new() } else { day(*from) };
            let to = if to.0 == i64::MAX { String::new() } else { day(Timestamp(to.0 - 1)) };
            format!("{from}–{to}")
        }
        Filter::By(user) => writers.iter().find(|(id, _)| id == user).map(|(_, name)| name.clone()).unwrap_or_default(),
    }
}

/// What a condition is about, in words.
pub(crate) fn subject(filter: &Filter, owner: Owner, fields: &Fields, words: &Messages) -> String {
    match filter {
        Filter::Is(key, _) | Filter::Filled(key, _) => label(*key, fields, words),
        Filter::Between(_, _) if owner == Owner::Customer => words.lists_updated.to_owned(),
        Filter::Between(_, _) => words.lists_created.to_owned(),
        Filter::By(_) => words.lists_writer.to_owned(),
    }
}

/// Sets a condition beside the others: one span and one writer alone make sense, and each condition once.
pub(crate) fn with_filter(filters: &[Filter], filter: Filter) -> Vec<Filter> {
    let alone = |other: &Filter| match (&filter, other) {
        (Filter::Between(_, _), Filter::Between(_, _)) | (Filter::By(_), Filter::By(_)) => true,
        (filter, other) => *filter == other.clone(),
    };
    let mut filters: Vec<Filter> = filters.iter().filter(|other| !alone(other)).cloned().collect();
    filters.push(filter);
    filters
}

/// `1,234,567`
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1–50 / 1,234件`: which rows of how many, after so many pages before.
pub(crate) fn range(words: &Messages, pages_before: usize, page: &Page) -> Option<String> {
    if page.rows.is_empty() {
        return None;
    }
    let before = pages_before * PAGE;
    let count = |n: usize| grouped(u64::try_from(n).unwrap_or(u64::MAX));
    let (from, to) = (count(before + 1), count(before + page.rows.len()));
    Some(match page.total {
        Total::Exactly(total) => words.list_range(from, to, grouped(total)),
        Total::AtLeast(total) => words.lists_range_more(from, to, grouped(total)),
    })
}

/// Where the list as it is asked for comes from as a file, all its pages.
pub(crate) fn export_address(owner: Owner, query: &ListQuery, columns: &[Column], headings: &[String]) -> String {
    let all = ListQuery { after: None, ..query.clone() };
    let of = match owner {
        Owner::Customer => "customer",
        Owner::Inquiry => "inquiry",
    };
    format!(
        "/api/records/export?owner={of}&query={}&columns={}&headings={}",
        json(&all),
        json(&columns),
        json(&headings)
    )
}

/// JSON as a part of an address (RFC 3986 §2.1).
fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase();
            out.extend(['%', digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
    out
}

/// A field in which two customers differ: somebody chooses whose value stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Differs {
    /// Which.
    pub(crate) key: Key,
    /// Its name.
    pub(crate) label: String,
    /// What either holds.
    pub(crate) values: [String; 2],
}

/// Where two customers differ. Numbers come together, and what only one of them has stays.
pub(crate) fn differing(keep: &Row, absorb: &Row, fields: &Fields, words: &Messages) -> Vec<Differs> {
    let masked = |shown: &Shown| matches!(shown, Shown::Masked { .. });
    keys(Owner::Customer, fields)
        .into_iter()
        .filter(|key| *key != Key::Phones)
        .filter_map(|key| {
            let (mine, theirs) = (keep.values.get(&key)?, absorb.values.get(&key)?);
            // Behind two masks may be anything.
            (mine != theirs || masked(mine)).then(|| Differs {
                key,
                label: label(key, fields, words),
                values: [said(mine, fields), said(theirs, fields)],
            })
        })
        .collect()
}

/// What must be typed before a customer is erased: the name; without one a number; without either the word itself.
pub(crate) fn to_confirm(row: &Row, words: &Messages) -> String {
    let number = match row.values.get(&Key::Phones) {
        Some(Shown::Plain(Value::Phones(numbers))) => numbers.first().map(|number| number.shown.clone()),
        Some(_) | None => None,
    };
    Some(row.name.clone()).filter(|name| !name.is_empty()).or(number).unwrap_or_else(|| words.lists_erase.to_owned())
}
