//! Who is who among the browsers: slots by user, and the way from a datagram to its slot.

use std::collections::HashMap;
use std::net::SocketAddr;

use domain::ids::UserId;

use super::attendance::Attendance;
use super::peer::Leg;

/// How many addresses of one browser are remembered: it may reach us by several networks at once.
const ADDRESSES: usize = 8;

/// One agent; the slot stays when the leg goes.
pub(super) struct Agent {
    pub(super) user: UserId,
    pub(super) leg: Option<Leg>,
    pub(super) generation: u64,
    /// The customer's slot that this agent is connected with: the last one routed here.
    pub(super) call: Option<usize>,
    /// Whether that customer's agent is there.
    pub(super) attendance: Attendance,
}

#[derive(Default)]
pub(super) struct Agents {
    slots: Vec<Agent>,
    by_user: HashMap<UserId, usize>,
    by_fragment: HashMap<String, usize>,
    by_address: HashMap<SocketAddr, usize>,
}

impl Agents {
    /// The slot of a user, made where there is none.
    pub(super) fn slot(&mut self, user: UserId) -> usize {
        *self.by_user.entry(user).or_insert_with(|| {
            self.slots.push(Agent { user, leg: None, generation: 0, call: None, attendance: Attendance::default() });
            self.slots.len() - 1
        })
    }

    pub(super) fn find(&self, user: UserId) -> Option<usize> {
        self.by_user.get(&user).copied()
    }

    pub(super) fn get(&self, slot: usize) -> Option<&Agent> {
        self.slots.get(slot)
    }

    pub(super) fn get_mut(&mut self, slot: usize) -> Option<&mut Agent> {
        self.slots.get_mut(slot)
    }

    pub(super) fn slots(&self) -> std::ops::Range<usize> {
        0..self.slots.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Agent> {
        self.slots.iter()
    }

    /// Puts a leg into its slot; the slot must be empty.
    pub(super) fn install(&mut self, slot: usize, leg: Leg) {
        self.by_fragment.insert(leg.fragment.clone(), slot);
        if let Some(agent) = self.slots.get_mut(slot) {
            agent.leg = Some(leg);
        }
    }

    /// The leg goes by another fragment than this from now on.
    pub(super) fn renamed(&mut self, slot: usize, former: &str) {
        let Some(leg) = self.slots.get(slot).and_then(|agent| agent.leg.as_ref()) else { return };
        self.by_fragment.remove(former);
        self.by_fragment.insert(leg.fragment.clone(), slot);
    }

    /// Takes the leg out of its slot and forgets the ways to it.
    pub(super) fn remove(&mut self, slot: usize) -> Option<Leg> {
        let leg = self.slots.get_mut(slot)?.leg.take()?;
        self.by_fragment.remove(&leg.fragment);
        for address in &leg.addresses {
            if self.by_address.get(address) == Some(&slot) {
                self.by_address.remove(address);
            }
        }
        Some(leg)
    }

    pub(super) fn at(&self, address: SocketAddr) -> Option<usize> {
        self.by_address.get(&address).copied()
    }

    pub(super) fn named(&self, fragment: &str) -> Option<usize> {
        self.by_fragment.get(fragment).copied()
    }

    /// Notes that a browser has proved to be at this address. Where another was before, the proof is newer.
    pub(super) fn note_address(&mut self, slot: usize, address: SocketAddr) {
        let Some(leg) = self.slots.get_mut(slot).and_then(|agent| agent.leg.as_mut()) else { return };
        if leg.addresses.len() == ADDRESSES {
            let oldest = leg.addresses.remove(0);
            if self.by_address.get(&oldest) == Some(&slot) {
                self.by_address.remove(&oldest);
            }
        }
        leg.addresses.push(address);
        self.by_address.insert(address, slot);
    }
}
