//! The endpoint: all calls and registrations of one user agent.

use std::{collections::VecDeque, net::SocketAddr};

use crate::api::{CallKey, Config, Event, NotNow, Outgoing, Registration, RegistrationKey, Stats, Transmit, Transport};
use crate::time::Time;

/// All calls and registrations of one user agent.
#[derive(Debug)]
pub struct Endpoint {
    config: Config,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
    next_key: u64,
}

#[expect(unused_variables, clippy::unused_self, clippy::needless_pass_by_value, reason = "the machines behind follow")]
impl Endpoint {
    /// An endpoint without calls.
    pub fn new(config: Config) -> Self {
        Self { config, transmits: VecDeque::new(), events: VecDeque::new(), next_key: 1 }
    }

    /// One whole message (a datagram, or what [`crate::Framer`] cut) came from `from`.
    pub fn receive(&mut self, now: Time, transport: Transport, from: SocketAddr, bytes: &[u8]) {}

    /// The time of [`Self::poll_timeout`] has come, or any other time.
    pub fn handle_timeout(&mut self, now: Time) {}

    /// When [`Self::handle_timeout`] wants to be called next.
    pub fn poll_timeout(&self) -> Option<Time> {
        None
    }

    /// The next message to be sent.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Nothing can be sent to `to` any more (connection refused or lost).
    pub fn transport_failed(&mut self, now: Time, transport: Transport, to: SocketAddr) {}

    /// Calls somebody.
    pub fn invite(&mut self, now: Time, outgoing: Outgoing) -> CallKey {
        let key = CallKey(self.next_key);
        self.next_key += 1;
        key
    }

    /// Says 180 to an incoming call.
    ///
    /// # Errors
    /// The call is not one that waits for our answer.
    pub fn ringing(&mut self, now: Time, call: CallKey) -> Result<(), NotNow> {
        Ok(())
    }

    /// Says 183 with an answer to an incoming call: audio before it is accepted.
    ///
    /// # Errors
    /// The call is not one that waits for our answer.
    pub fn progress(&mut self, now: Time, call: CallKey, sdp: String) -> Result<(), NotNow> {
        Ok(())
    }

    /// Says 200 to an incoming call, until it is acknowledged.
    ///
    /// # Errors
    /// The call is not one that waits for our answer.
    pub fn accept(&mut self, now: Time, call: CallKey, sdp: String) -> Result<(), NotNow> {
        Ok(())
    }

    /// Refuses an incoming call with a status of 300 to 699.
    ///
    /// # Errors
    /// The call is not one that waits for our answer.
    pub fn refuse(&mut self, now: Time, call: CallKey, status: u16) -> Result<(), NotNow> {
        Ok(())
    }

    /// Ends a call in whatever state: CANCEL, BYE or a refusal (480).
    ///
    /// # Errors
    /// The call is over already.
    pub fn hang_up(&mut self, now: Time, call: CallKey) -> Result<(), NotNow> {
        Ok(())
    }

    /// Offers a changed session (re-INVITE).
    ///
    /// # Errors
    /// The call is not up, or an earlier offer is still open.
    pub fn reoffer(&mut self, now: Time, call: CallKey, sdp: String) -> Result<(), NotNow> {
        Ok(())
    }

    /// Answers [`Event::Reoffered`].
    ///
    /// # Errors
    /// No re-INVITE waits for an answer.
    pub fn answer_reoffer(&mut self, now: Time, call: CallKey, sdp: String) -> Result<(), NotNow> {
        Ok(())
    }

    /// Refuses [`Event::Reoffered`], usually with 488.
    ///
    /// # Errors
    /// No re-INVITE waits for an answer.
    pub fn refuse_reoffer(&mut self, now: Time, call: CallKey, status: u16) -> Result<(), NotNow> {
        Ok(())
    }

    /// Registers, and keeps registered until [`Self::unregister`].
    pub fn register(&mut self, now: Time, registration: Registration) -> RegistrationKey {
        let key = RegistrationKey(self.next_key);
        self.next_key += 1;
        key
    }

    /// Removes a registration; nothing happens if it is unknown.
    pub fn unregister(&mut self, now: Time, key: RegistrationKey) {}

    /// How much is held.
    pub fn stats(&self) -> Stats {
        Stats::default()
    }
}
