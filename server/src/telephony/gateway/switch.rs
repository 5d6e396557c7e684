//! Who hears whom: what the worker does with each command and each packet.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::{InteractionId, UserId};
use domain::telephony::quality::CallQuality;
use media::out_stream::Relayed;
use mio::net::UdpSocket;
use uuid::Uuid;

use super::command::Command;
use super::customer::{Customer, Hearing, Spoken};
use super::peer::{Change, Leg, header};
use super::quality::Counts;
use super::sounds::Sound;
use super::worker::{Now, Worker};
use super::{Down, GatewayError, LegEvent, LegReport, Route};

impl Worker {
    pub(super) fn on_command(&mut self, command: Command) {
        // Who asked may have stopped waiting; what was asked is done all the same.
        match command {
            Command::Attach { agent, leg, reply } => {
                let _ = reply.send(self.attach(agent, *leg));
            }
            Command::Restart { agent, offer, reply } => {
                let _ = reply.send(self.restart(agent, &offer));
            }
            Command::Detach { agent } => {
                if let Some(slot) = self.agents.find(agent) {
                    self.end_leg(slot, Down::Detached);
                }
            }
            Command::Open { call, reply } => {
                let _ = reply.send(self.open(call));
            }
            Command::Aim { call, remote, codec, keys } => {
                let now = self.now();
                if let Some(customer) = self.customers.find(call).and_then(|slot| self.customers.get_mut(slot)) {
                    customer.aim(remote, codec, keys, now.since);
                }
            }
            Command::Pause { call } => {
                if let Some(customer) = self.customers.find(call).and_then(|slot| self.customers.get_mut(slot)) {
                    customer.pause();
                }
            }
            Command::Doubt { call, doubted } => {
                if let Some(customer) = self.customers.find(call).and_then(|slot| self.customers.get_mut(slot)) {
                    customer.doubt(doubted);
                }
            }
            Command::Press { call, press, keys, reply } => {
                let customer = self.customers.find(call).and_then(|slot| self.customers.get_mut(slot));
                let _ = reply.send(customer.map_or(Err(GatewayError::NoKeys), |customer| customer.press(press, &keys)));
            }
            Command::Route { call, route } => self.turn(call, route),
            Command::Music { queue, music } => self.sounds.set_music(queue, music),
            Command::Close { call, reply } => {
                let slot = self.customers.find(call);
                let _ = reply.send(slot.and_then(|slot| self.close(slot)));
            }
            Command::Shutdown { reply } => self.stop(reply),
        }
    }

    fn attach(&mut self, user: UserId, mut leg: Leg) -> u64 {
        let slot = self.agents.slot(user);
        let generation = self.agents.get(slot).map_or(0, |agent| agent.generation) + 1;
        leg.generation = generation;
        self.end_leg(slot, Down::Replaced);
        if let Some(agent) = self.agents.get_mut(slot) {
            agent.generation = generation;
        }
        self.look_by(leg.deadline());
        self.agents.install(slot, leg);
        generation
    }

    fn restart(&mut self, user: UserId, offer: &str) -> Result<String, GatewayError> {
        let now = self.now();
        let slot = self.agents.find(user).ok_or(GatewayError::NotConnected)?;
        let leg = self.agents.get_mut(slot).and_then(|agent| agent.leg.as_mut()).filter(|leg| leg.has_made(offer));
        let leg = leg.ok_or(GatewayError::NotConnected)?;
        let former = leg.fragment.clone();
        let answer = leg.restart(offer, now.at);
        let deadline = leg.deadline();
        self.agents.renamed(slot, &former);
        self.look_by(deadline);
        answer
    }

    fn end_leg(&mut self, slot: usize, why: Down) {
        let now = self.now();
        let Some(mut leg) = self.agents.remove(slot) else { return };
        leg.close(now.at, &self.socket);
        if let Some(agent) = self.agents.get_mut(slot) {
            agent.attendance.leave(now.since);
        }
        if let Some(agent) = self.agents.get(slot) {
            self.tell(LegEvent::AgentDown { agent: agent.user, generation: leg.generation, why });
        }
    }

    fn open(&mut self, call: InteractionId) -> Result<u16, GatewayError> {
        if self.customers.find(call).is_some() {
            return Err(GatewayError::AlreadyOpen);
        }
        let pair = self.ports.take()?;
        let port = pair.port;
        let slot = self.customers.vacancy();
        let mut sockets = (UdpSocket::from_std(pair.rtp), UdpSocket::from_std(pair.rtcp));
        if let Err(error) = self.register(slot, &mut sockets) {
            drop(sockets);
            self.ports.give_back(port);
            return Err(GatewayError::Register(error));
        }
        let now = self.now();
        self.customers.insert(slot, Customer::new(call, port, sockets, chance(), now.since));
        Ok(port)
    }

    fn close(&mut self, slot: usize) -> Option<LegReport> {
        let (now, ntp) = (self.now(), self.ntp());
        // The last seconds belong to the sum, too.
        let _ = self.measure(slot);
        let mut customer = self.customers.remove(slot)?;
        self.part(slot, customer.agent);
        let report = customer.close(now.since, ntp);
        let port = customer.port;
        drop(customer);
        self.ports.give_back(port);
        Some(report)
    }

    fn turn(&mut self, call: InteractionId, route: Route) {
        let now = self.now();
        let Some(slot) = self.customers.find(call) else { return };
        let Some((before, old)) = self.customers.get(slot).map(|customer| (customer.agent, customer.route)) else {
            return;
        };
        let agent = route.agent().map(|user| self.agents.slot(user));
        // The same order again matters where another call has had the agent since.
        if old == route && agent.is_none_or(|agent| self.agents.get(agent).is_some_and(|a| a.call == Some(slot))) {
            return;
        }
        if before != agent {
            self.part(slot, before);
        }
        let comes = agent.filter(|agent| before != Some(*agent)).and_then(|agent| self.connection(agent));
        if let Some(customer) = self.customers.get_mut(slot) {
            customer.turn(route, agent, now.since);
            if let Some((connection, counts)) = comes {
                customer.meter.begin(connection, counts);
            }
        }
        if let Some(agent) = agent.and_then(|agent| self.agents.get_mut(agent)) {
            let is_same_call = agent.call.replace(slot) == Some(slot);
            if is_same_call && waits_for_agent(old) {
                agent.attendance.go_on(now.since);
            } else {
                agent.attendance.begin(now.since);
            }
            if let Some(leg) = &mut agent.leg {
                leg.cut();
            }
        }
    }

    /// Which connection an agent has, and its counters.
    fn connection(&self, slot: usize) -> Option<((usize, u64), Counts)> {
        let leg = self.agents.get(slot)?.leg.as_ref()?;
        Some(((slot, leg.generation), leg.counts()))
    }

    /// What has arrived on both legs of a call since the last look.
    fn measure(&mut self, slot: usize) -> Option<CallQuality> {
        let agent = self.customers.get(slot)?.agent;
        let agent = agent.filter(|agent| self.agents.get(*agent).is_some_and(|agent| agent.call == Some(slot)));
        let connection = agent.and_then(|agent| self.connection(agent));
        Some(self.customers.get_mut(slot)?.measure(connection))
    }

    /// The agent is with this customer no longer.
    fn part(&mut self, customer: usize, agent: Option<usize>) {
        if let Some(agent) = agent.and_then(|agent| self.agents.get_mut(agent))
            && agent.call == Some(customer)
        {
            agent.call = None;
        }
    }

    /// A datagram on the port that all browsers share.
    pub(super) fn on_browser(&mut self, source: SocketAddr, datagram: &[u8]) {
        let now = self.now();
        let Some(to) = self.ours_for(source) else { return };
        let Some(slot) = self.whose(now, source, to, datagram) else { return };
        let Some(agent) = self.agents.get_mut(slot) else { return };
        let Some(leg) = &mut agent.leg else { return };
        let (call, user, generation) = (agent.call, agent.user, leg.generation);
        let customers = &mut self.customers;
        let attendance = &mut agent.attendance;
        let mut is_back = false;
        let change = leg.on_datagram(now.at, (source, to), datagram, &self.socket, |packet, said| {
            is_back |= attendance.on_packet(now.since, call.is_some());
            let customer = call.and_then(|call| customers.get_mut(call));
            let Some(customer) = customer.filter(|customer| customer.route == Route::Bridge(user)) else { return };
            customer.relay(now.since, &header(packet), &packet.payload, said);
        });
        let deadline = leg.deadline();
        if is_back {
            self.tell(LegEvent::AgentHeard { agent: user, generation });
        }
        self.look_by(deadline);
        self.on_change(slot, change);
    }

    /// A datagram on one of a customer's two ports.
    pub(super) fn on_trunk(&mut self, slot: usize, is_rtp: bool, source: SocketAddr, datagram: &[u8]) {
        let now = self.now();
        let Some(customer) = self.customers.get_mut(slot) else { return };
        if !is_rtp {
            customer.on_rtcp(now.since, source, datagram);
            return;
        }
        let (said, hearing) = customer.on_rtp(now.since, source, datagram);
        let key = said.as_ref().filter(|said| said.kind == Relayed::Event).and_then(|said| customer.on_key(said));
        let (call, listener) = (customer.call, if customer.is_heard() { customer.agent } else { None });
        self.on_hearing(call, hearing);
        if let Some(key) = key {
            self.tell(LegEvent::CustomerPressed { call, key });
        }
        let (Some(said), Some(listener)) = (said, listener) else { return };
        let Some(agent) = self.agents.get_mut(listener).filter(|agent| agent.call == Some(slot)) else { return };
        let Some(leg) = &mut agent.leg else { return };
        let spoken = match said.kind {
            Relayed::Audio => Spoken::Audio(said.codec),
            Relayed::Event => Spoken::Event,
        };
        let change = leg.relay(now.at, now.since, &said.packet.header, said.packet.payload, spoken, &self.socket);
        let deadline = leg.deadline();
        self.look_by(deadline);
        self.on_change(listener, change);
    }

    /// One tick: every customer whose line nobody fills hears what its route says, and agents their ringback.
    ///
    /// `tick` is the point on the tick's own grid: the place in every sound.
    pub(super) fn play_all(&mut self, now: Now, tick: Duration) {
        let ntp = self.ntp();
        for slot in self.customers.slots() {
            let Some(customer) = self.customers.get_mut(slot) else { continue };
            let hearing = customer.on_tick(now.since, ntp);
            let (call, route, listener) = (customer.call, customer.route, customer.agent);
            if customer.is_to_be_measured(now.since)
                && let Some(quality) = self.measure(slot)
                && listener.is_some()
            {
                self.tell(LegEvent::Measured { call, quality });
            }
            let awaited = listener.filter(|_| waits_for_agent(route));
            let missing = awaited.and_then(|agent| self.missing(agent, now));
            let Some(customer) = self.customers.get_mut(slot) else { continue };
            let is_keyed = customer.key_tick(tick);
            let sound = match route {
                Route::Music(queue) | Route::OneWayHold(_, queue) | Route::FullHold(_, queue) => {
                    Some(Sound::Music(queue))
                }
                Route::Silence | Route::Ringback(_) | Route::EarlyMedia(_) => Some(Sound::Quiet),
                Route::Bridge(_) if missing.is_some() => Some(Sound::Comfort),
                Route::Bridge(_) if customer.is_fed(now.since) => None,
                Route::Bridge(_) => Some(Sound::Quiet),
            };
            if let (Some(sound), Some(codec), false) = (sound, customer.codec(), is_keyed) {
                // The comfort tone begins with its first note.
                let from = missing.filter(|_| sound == Sound::Comfort).unwrap_or_default();
                let frame = self.sounds.frame(sound, codec, tick.saturating_sub(from));
                customer.play(tick, &frame);
            }
            let begun = customer.since;
            self.on_hearing(call, hearing);
            if let (Route::Ringback(_), Some(agent)) = (route, listener) {
                self.ring_back(slot, agent, (now, tick), begun);
            }
        }
    }

    /// Since when the agent of a call is not heard, if so; says it when it begins.
    fn missing(&mut self, slot: usize, now: Now) -> Option<Duration> {
        let agent = self.agents.get_mut(slot)?;
        if agent.generation == 0 {
            // Who never had a connection cannot have lost it.
            return Some(Duration::ZERO);
        }
        let begins = agent.attendance.on_tick(now.since);
        let missing = agent.attendance.missing();
        if begins {
            let event = LegEvent::AgentSilent { agent: agent.user, generation: agent.generation };
            self.tell(event);
        }
        missing
    }

    fn ring_back(&mut self, customer: usize, slot: usize, (now, tick): (Now, Duration), begun: Duration) {
        let Some(agent) = self.agents.get_mut(slot).filter(|agent| agent.call == Some(customer)) else { return };
        let Some(leg) = &mut agent.leg else { return };
        let frame: Arc<[u8]> = self.sounds.frame(Sound::Ringback, leg.codec(), tick.saturating_sub(begun));
        let change = leg.play(now.at, tick, frame, &self.socket);
        let deadline = leg.deadline();
        self.look_by(deadline);
        self.on_change(slot, change);
    }

    pub(super) fn on_change(&mut self, slot: usize, change: Option<Change>) {
        let Some(agent) = self.agents.get(slot) else { return };
        let Some(leg) = &agent.leg else { return };
        let (agent, generation, is_gone) = (agent.user, leg.generation, leg.is_gone());
        match change {
            Some(Change::Up) => {
                let now = self.now();
                if let Some(agent) = self.agents.get_mut(slot) {
                    agent.attendance.go_on(now.since);
                }
                self.tell(LegEvent::AgentUp { agent, generation });
            }
            Some(Change::Down(why)) => {
                let now = self.now();
                if let Some(agent) = self.agents.get_mut(slot) {
                    agent.attendance.leave(now.since);
                }
                self.tell(LegEvent::AgentDown { agent, generation, why });
            }
            None => {}
        }
        if is_gone {
            drop(self.agents.remove(slot));
        }
    }

    fn on_hearing(&self, call: InteractionId, hearing: Option<Hearing>) {
        match hearing {
            Some(Hearing::Silent) => self.tell(LegEvent::CustomerSilent { call }),
            Some(Hearing::Back) => self.tell(LegEvent::CustomerHeard { call }),
            None => {}
        }
    }

    pub(super) fn close_all(&mut self) {
        for slot in self.customers.slots() {
            let _ = self.close(slot);
        }
        for slot in self.agents.slots() {
            self.end_leg(slot, Down::Detached);
        }
    }
}

/// Whether the customer is up with an agent, who must be heard.
fn waits_for_agent(route: Route) -> bool {
    match route {
        Route::Bridge(_) | Route::OneWayHold(..) | Route::FullHold(..) => true,
        Route::Silence | Route::Music(_) | Route::Ringback(_) | Route::EarlyMedia(_) => false,
    }
}

/// Chance for identifiers that must not be guessed or met twice.
fn chance() -> u128 {
    Uuid::new_v4().as_u128()
}
