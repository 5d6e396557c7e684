//! The open customers' legs: slots that are reused, found by call.

use std::collections::HashMap;

use domain::ids::InteractionId;

use super::customer::Customer;

#[derive(Default)]
pub(super) struct Customers {
    slots: Vec<Option<Customer>>,
    by_call: HashMap<InteractionId, usize>,
}

impl Customers {
    /// The slot that the next leg will get.
    pub(super) fn vacancy(&self) -> usize {
        self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len())
    }

    pub(super) fn insert(&mut self, slot: usize, customer: Customer) {
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        self.by_call.insert(customer.call, slot);
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(customer);
        }
    }

    pub(super) fn remove(&mut self, slot: usize) -> Option<Customer> {
        let customer = self.slots.get_mut(slot)?.take()?;
        self.by_call.remove(&customer.call);
        Some(customer)
    }

    pub(super) fn find(&self, call: InteractionId) -> Option<usize> {
        self.by_call.get(&call).copied()
    }

    pub(super) fn get(&self, slot: usize) -> Option<&Customer> {
        self.slots.get(slot)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: usize) -> Option<&mut Customer> {
        self.slots.get_mut(slot)?.as_mut()
    }

    /// Every slot there is, taken or not.
    pub(super) fn slots(&self) -> std::ops::Range<usize> {
        0..self.slots.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_call.is_empty()
    }
}
