//! What the endpoint reports, told to whom it concerns: the calls, a leg, the trunks.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use domain::ids::TrunkId;
use sip::sdp;
use sip::{CallKey, Event, Time};
use tokio::sync::mpsc;

use super::super::sip_legs::{Leg, aim_of};
use super::super::sip_stack::{Aim, Incoming, LegEvent, LegId, Peer, RegistrationNews};
use super::{Driver, NOT_ACCEPTABLE};

/// RFC 3261 §21.5.4.
const SERVICE_UNAVAILABLE: u16 = 503;

impl Driver {
    pub(super) fn event(&mut self, event: Event) {
        let now = self.now();
        match event {
            Event::Incoming { call, peer, request_user, to_user, from, asserted, privacy, offer, .. } => {
                metrics::counter!("madoguchi_sip_invites_total", "direction" => "inbound").increment(1);
                let asserted = asserted.filter(|_| self.vouches(peer));
                let caller = if privacy { None } else { named(&from, asserted.as_ref()) };
                self.call_in(now, call, peer, [request_user, to_user], caller, offer.as_deref());
            }
            Event::Ringing { call } => self.tell(call, LegEvent::Ringing),
            Event::EarlyMedia { call, sdp } => {
                if let Some(aim) = self.aim(call, &sdp) {
                    self.tell(call, LegEvent::EarlyMedia(aim));
                }
            }
            Event::Accepted { call, sdp } => {
                if let Some(aim) = self.aim(call, &sdp) {
                    self.tell(call, LegEvent::Answered(aim));
                } else {
                    // RFC 3261 §13.2.2.4: an answer that cannot be used is acknowledged, then the call is ended.
                    let reason = "Not Acceptable Here".to_owned();
                    self.tell(call, LegEvent::Refused { status: NOT_ACCEPTABLE, reason });
                    self.hang_up(now, call);
                }
            }
            Event::Refused { call, status, reason, .. } => self.tell(call, LegEvent::Refused { status, reason }),
            Event::Confirmed { call, sdp: Some(sdp) } | Event::ReofferAnswered { call, sdp } => {
                if let Some(aim) = self.aim(call, &sdp) {
                    self.tell(call, LegEvent::Aimed(aim));
                    self.tell(call, LegEvent::Confirmed);
                } else {
                    self.tell(call, LegEvent::Broken);
                    self.hang_up(now, call);
                }
            }
            Event::Confirmed { call, sdp: None } => self.tell(call, LegEvent::Confirmed),
            Event::ReofferRefused { .. } => {}
            Event::Cancelled { call } | Event::HungUp { call, .. } => self.tell(call, LegEvent::Gone),
            Event::Broken { call } => self.tell(call, LegEvent::Broken),
            Event::Reoffered { call, sdp } => self.reoffered(now, call, sdp.as_deref()),
            Event::Registered { key, .. } => {
                if let Some(trunk) = self.registrations.trunk_of(key) {
                    self.news(RegistrationNews::Registered(trunk));
                }
            }
            Event::RegistrationFailed { key, status, retry_after } => {
                if let Some(trunk) = self.registrations.trunk_of(key) {
                    let trouble = self.trouble_of(trunk);
                    self.news(RegistrationNews::Failed { trunk, status, trouble, retry_after });
                }
            }
            Event::Unregistered { key } => self.taken_back(now, key),
            // Dropping the leg's sender closes its channel, after everything that was told before.
            Event::Terminated { call } => self.legs.remove(call),
        }
    }

    fn call_in(
        &mut self,
        now: Time,
        call: CallKey,
        peer: SocketAddr,
        dialled: [String; 2],
        caller: Option<String>,
        offer: Option<&str>,
    ) {
        let trunks = self.trunks_at(peer, &dialled);
        let codecs = self.peers.iter().find(|peer| Some(&peer.trunk) == trunks.first());
        let codecs = codecs.map(|peer| peer.codecs.clone()).unwrap_or_default();
        let offer = offer.map(sdp::parse).transpose();
        let (events, queue) = mpsc::unbounded_channel();
        let id = LegId(self.next_leg.fetch_add(1, Ordering::Relaxed));
        let mut leg = Leg::new(id, events, codecs);
        let usable = match offer {
            Ok(offer) => {
                leg.offer = offer;
                leg.offer.is_none() || leg.first_aim().is_some()
            }
            Err(_) => false,
        };
        let aim = leg.first_aim();
        self.legs.add(call, leg);
        if !usable {
            if self.lines.may(self.clock.instant()) {
                tracing::info!(%peer, "a call offered no audio that this trunk may speak; refused with 488");
            }
            self.on_leg(id, |endpoint, key, _| endpoint.refuse(now, key, NOT_ACCEPTABLE));
            return;
        }
        // Fails only where the calls have stopped for good.
        if self.incoming.send(Incoming { leg: id, events: queue, trunks, dialled, caller, aim }).is_err() {
            self.on_leg(id, |endpoint, key, _| endpoint.refuse(now, key, SERVICE_UNAVAILABLE));
        }
    }

    fn reoffered(&mut self, now: Time, call: CallKey, offer: Option<&str>) {
        let Some(leg) = self.legs.by_key.get_mut(&call) else { return };
        let answer = match offer.map(sdp::parse) {
            None => leg.offer().map(|sdp| (sdp, None)),
            Some(Ok(theirs)) => leg.answer(&theirs).map(|(sdp, agreed)| (sdp, Some(agreed))),
            Some(Err(_)) => None,
        };
        let done = match answer {
            Some((sdp, agreed)) => {
                if let Some(aim) = agreed.as_ref().and_then(aim_of) {
                    let _ = leg.events.send(LegEvent::Aimed(aim));
                }
                self.endpoint.answer_reoffer(now, call, sdp)
            }
            None => self.endpoint.refuse_reoffer(now, call, NOT_ACCEPTABLE),
        };
        if let Err(error) = done {
            tracing::debug!(%error, "a re-INVITE was overtaken");
        }
    }

    /// What their answer to our offer means.
    fn aim(&self, call: CallKey, sdp: &str) -> Option<Aim> {
        let leg = self.legs.by_key.get(&call)?;
        aim_of(&leg.session.answered(&sdp::parse(sdp).ok()?).ok()?)
    }

    fn hang_up(&mut self, now: Time, call: CallKey) {
        if let Err(error) = self.endpoint.hang_up(now, call) {
            tracing::debug!(%error, "a leg ended by itself");
        }
    }

    fn tell(&self, call: CallKey, event: LegEvent) {
        if let Some(leg) = self.legs.by_key.get(&call) {
            // A call that is over does not listen any more.
            let _ = leg.events.send(event);
        }
    }

    pub(super) fn news(&self, news: RegistrationNews) {
        // Fails only where the trunks have stopped for good.
        let _ = self.trunk_news.send(news);
    }

    /// Why a trunk's registrars cannot be connected to, if that is so.
    fn trouble_of(&self, trunk: TrunkId) -> Option<&'static str> {
        let servers = self.registrations.servers_of(trunk);
        servers.iter().find_map(|server| self.trouble.get(server).copied())
    }

    /// RFC 3325 §8: an assertion is worth what whoever passes it on is worth. Where several trunks share an address
    /// nobody knows yet whose the call is: all of them must be trusted.
    fn vouches(&self, from: SocketAddr) -> bool {
        self.peers.iter().filter(|peer| peer.is_at(from.ip())).all(|peer| peer.trusts_identity)
    }

    /// Trunks that this source belongs to: one that is registered there for the one dialled alone, then those of exactly
    /// this address and port, then those of its host.
    fn trunks_at(&self, from: SocketAddr, dialled: &[String; 2]) -> Vec<TrunkId> {
        // RFC 3261 §16.5: a registrar puts the registered contact into the Request-URI.
        let [request_user, _] = dialled;
        let fits = |peer: &&Peer| peer.user.as_ref().is_none_or(|user| user == request_user);
        let mut at: Vec<&Peer> = self.peers.iter().filter(|peer| peer.is_at(from.ip())).filter(fits).collect();
        at.sort_by_key(|peer| (peer.user.is_none(), !peer.addresses.contains(&from)));
        at.into_iter().map(|peer| peer.trunk).collect()
    }
}

/// A trusted trunk's word goes before the caller's own. RFC 3261 §8.1.1.3 names the anonymous.
fn named(from: &sip::Identity, asserted: Option<&sip::Identity>) -> Option<String> {
    let user = asserted.unwrap_or(from).user.clone();
    (!user.is_empty() && !user.eq_ignore_ascii_case("anonymous")).then_some(user)
}
