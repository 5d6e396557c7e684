//! The SQL of fields.

use domain::ids::{ChoiceId, FieldId};
use domain::records::{Choice, Field, Kind, Owner};
use wire::records::Fields;

use crate::db::{Db, DbError, Tx, parse};
use crate::{execute, fetch_all, fetch_optional};

/// A stored field.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) field: Field,
    /// What it once offered and does not name any more.
    pub(super) former: Vec<Choice>,
}

type Row = (String, i64, String, String);

const ALL: &str = "SELECT id, position, field, former FROM record_fields ORDER BY owner, position, id";

fn read((id, position, field, former): Row) -> Result<Stored, DbError> {
    let corrupt = |column| move |_| DbError::Corrupt { column };
    let mut field: Field = serde_json::from_str(&field).map_err(corrupt("record_fields.field"))?;
    field.id = parse("record_fields.id", &id)?;
    field.position = u32::try_from(position).map_err(|_| DbError::Corrupt { column: "record_fields.position" })?;
    let former = serde_json::from_str(&former).map_err(corrupt("record_fields.former"))?;
    Ok(Stored { field, former })
}

fn sorted(rows: Vec<Row>) -> Result<Fields, DbError> {
    let mut fields = Fields::default();
    for row in rows {
        let Stored { field, former } = read(row)?;
        fields.former.extend(former.into_iter().map(|choice| (choice.id, choice.label)));
        match field.owner {
            Owner::Customer => fields.customer.push(field),
            Owner::Inquiry => fields.inquiry.push(field),
        }
    }
    Ok(fields)
}

/// All fields.
pub(super) async fn all(db: &Db) -> Result<Fields, DbError> {
    sorted(fetch_all!(db, Row, ALL)?)
}

/// All fields, as this unit of work sees them.
///
/// # Errors
/// The database failed.
pub async fn in_tx(tx: &mut Tx) -> Result<Fields, DbError> {
    sorted(fetch_all!(tx, Row, ALL)?)
}

/// Waits for whoever else is changing fields.
pub(super) async fn take_turn(tx: &mut Tx) -> Result<(), DbError> {
    execute!(tx, "UPDATE record_fields_turn SET n = n + 1 WHERE id = 1").map(drop)
}

/// One field with what it once offered.
pub(super) async fn one(tx: &mut Tx, id: FieldId) -> Result<Option<Stored>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, position, field, former FROM record_fields WHERE id = $1",
        id.to_string()
    )?;
    row.map(read).transpose()
}

/// Writes a field.
pub(super) async fn put(tx: &mut Tx, field: &Field, former: &[Choice]) -> Result<(), DbError> {
    let json = |column| move |_| DbError::Corrupt { column };
    execute!(
        tx,
        "INSERT INTO record_fields (id, owner, position, field, former) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET field = excluded.field, position = excluded.position, former = excluded.former",
        field.id.to_string(),
        owner_name(field.owner),
        i64::from(field.position),
        serde_json::to_string(field).map_err(json("record_fields.field"))?,
        serde_json::to_string(former).map_err(json("record_fields.former"))?,
    )
    .map(drop)
}

/// Puts a field into its place.
pub(super) async fn place(tx: &mut Tx, id: FieldId, position: u32) -> Result<(), DbError> {
    execute!(tx, "UPDATE record_fields SET position = $2 WHERE id = $1", id.to_string(), i64::from(position)).map(drop)
}

fn owner_name(owner: Owner) -> &'static str {
    match owner {
        Owner::Customer => "customer",
        Owner::Inquiry => "inquiry",
    }
}

/// Everything that a field ever offered and `kind` does not name.
pub(super) fn left_out(kind: &Kind, known: Vec<Choice>) -> Vec<Choice> {
    let named = |id: ChoiceId| kind.choices().is_some_and(|choices| choices.get(id).is_some());
    known.into_iter().filter(|choice| !named(choice.id)).collect()
}
