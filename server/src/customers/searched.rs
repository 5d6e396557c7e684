//! What of a customer can be found.

use domain::ids::CustomerId;
use domain::records::{Key, Values};
use wire::records::Fields;

use super::{numbers, text};
use crate::db::{DbError, Tx};
use crate::records::add_fields;
use crate::search::{self, Corpus, Document};

/// Makes a customer findable as they are now. What is sensitive is not found: a hit would tell it.
pub(super) async fn index(tx: &mut Tx, fields: &Fields, id: CustomerId, values: &Values) -> Result<(), DbError> {
    let mut document = Document::new();
    add_whom(&mut document, values);
    add_fields(&mut document, fields, values);
    search::index(tx, Corpus::Customers, &id.to_string(), &document).await.map(drop)
}

/// Takes a customer out of the search.
pub(super) async fn remove(tx: &mut Tx, id: CustomerId) -> Result<(), DbError> {
    search::remove(tx, Corpus::Customers, &id.to_string()).await
}

/// Adds what says who a customer is: name, reading and numbers.
pub fn add_whom(document: &mut Document, values: &Values) {
    document.text(&text(values.get(&Key::Name))).text(&text(values.get(&Key::Reading)));
    for number in numbers(values.get(&Key::Phones)) {
        document.phone(&number);
    }
}

/// Whether somebody is called or reached otherwise than before.
pub(super) fn is_another(before: &Values, after: &Values) -> bool {
    Key::BUILT_IN.iter().any(|key| before.get(key) != after.get(key))
}
