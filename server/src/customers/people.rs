//! Whose number it is, for those who show calls.

use std::collections::HashMap;

use domain::ids::CustomerId;
use domain::phone::E164;
use domain::records::Values;
use wire::ApiResult;

use super::port::Customers;
use super::store;

/// A customer as calls show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub id: CustomerId,
    /// Their name; empty when the record has none.
    pub name: String,
}

/// Everybody whose number it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whose {
    /// How many.
    pub candidates: u32,
    /// The only one.
    pub only: Option<Known>,
}

impl Customers {
    /// Whose number this is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn whose(&self, number: &E164) -> ApiResult<Whose> {
        Ok(self.all_whose(std::slice::from_ref(number)).await?.remove(number).unwrap_or_default())
    }

    /// Whose these numbers are; a number that is nobody's is absent.
    ///
    /// # Errors
    /// The database failed.
    pub async fn all_whose(&self, numbers: &[E164]) -> ApiResult<HashMap<E164, Whose>> {
        if numbers.is_empty() {
            return Ok(HashMap::new());
        }
        let mut found: HashMap<E164, Whose> = HashMap::new();
        for (number, id, name) in store::all_having(self.db(), numbers).await? {
            let whose = found.entry(number).or_default();
            whose.candidates += 1;
            whose.only = (whose.candidates == 1).then_some(Known { id, name });
        }
        Ok(found)
    }

    /// What a record holds, for another slice to look at; none for one that is erased.
    ///
    /// # Errors
    /// The database failed.
    pub async fn record(&self, customer: CustomerId) -> ApiResult<Option<Values>> {
        Ok(store::one(self.db(), self.plan(), customer).await?.map(|stored| stored.values))
    }

    /// The names of these customers; one who is erased is absent.
    ///
    /// # Errors
    /// The database failed.
    pub async fn names(&self, customers: &[CustomerId]) -> ApiResult<HashMap<CustomerId, String>> {
        if customers.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(store::names(self.db(), customers).await?.into_iter().collect())
    }
}
