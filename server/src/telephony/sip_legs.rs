//! The customers' legs as the SIP driver knows them: whose events go where, and each leg's side of its session.

use std::collections::HashMap;
use std::net::SocketAddr;

use media::Codec;
use sip::CallKey;
use sip::sdp::{self, Agreed, Audio, Description, Payload};
use tokio::sync::mpsc;

use super::gateway::KeyTypes;
use super::sip_stack::{Aim, LegEvent, LegId};

/// Every leg, by the endpoint's key and by ours.
#[derive(Default)]
pub(super) struct Legs {
    pub(super) by_key: HashMap<CallKey, Leg>,
    pub(super) keys: HashMap<LegId, CallKey>,
}

/// One customer's leg: who listens to it, and its side of the session.
pub(super) struct Leg {
    pub(super) id: LegId,
    pub(super) events: mpsc::UnboundedSender<LegEvent>,
    pub(super) session: sdp::Local,
    /// The caller's offer, until it is answered.
    pub(super) offer: Option<Description>,
    /// What may be spoken, in order of preference.
    codecs: Vec<Codec>,
    /// Where we want the far end's audio, once there is such a place.
    pub(super) audio: Option<SocketAddr>,
}

impl Legs {
    pub(super) fn add(&mut self, key: CallKey, leg: Leg) {
        self.keys.insert(leg.id, key);
        self.by_key.insert(key, leg);
    }

    pub(super) fn remove(&mut self, key: CallKey) {
        if let Some(leg) = self.by_key.remove(&key) {
            self.keys.remove(&leg.id);
        }
    }
}

impl Leg {
    pub(super) fn new(id: LegId, events: mpsc::UnboundedSender<LegEvent>, codecs: Vec<Codec>) -> Self {
        let session = sdp::Local::new(uuid::Uuid::new_v4().as_u64_pair().1);
        Self { id, events, session, offer: None, codecs, audio: None }
    }

    fn ours(&self) -> Option<Audio> {
        self.audio.map(|audio| Audio { codecs: payloads(&self.codecs), ..Audio::g711(audio) })
    }

    pub(super) fn offer(&mut self) -> Option<String> {
        let ours = self.ours()?;
        Some(self.session.offer(&ours))
    }

    pub(super) fn answer(&mut self, theirs: &Description) -> Option<(String, Agreed)> {
        let ours = self.ours()?;
        self.session.answer(theirs, &ours).ok()
    }

    /// The body of our 200: the answer to the caller's offer, or our offer where there was none.
    pub(super) fn answer_offer(&mut self) -> Option<String> {
        match self.offer.take() {
            Some(theirs) => self.answer(&theirs).map(|(sdp, _)| sdp),
            None => self.offer(),
        }
    }

    /// What the caller's offer will come to, tried on a copy of the session.
    pub(super) fn first_aim(&self) -> Option<Aim> {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 9));
        let ours = Audio { codecs: payloads(&self.codecs), ..Audio::g711(anywhere) };
        let (_, agreed) = self.session.clone().answer(self.offer.as_ref()?, &ours).ok()?;
        aim_of(&agreed)
    }
}

fn payloads(codecs: &[Codec]) -> Vec<Payload> {
    codecs
        .iter()
        .map(|codec| match codec {
            Codec::Pcmu => Payload::PCMU,
            Codec::Pcma => Payload::PCMA,
        })
        .collect()
}

/// What was agreed, as far as the gateway needs it; none for a codec that we do not speak.
pub(super) fn aim_of(agreed: &Agreed) -> Option<Aim> {
    let codec = match agreed.send.codec {
        sdp::Codec::Pcmu => Codec::Pcmu,
        sdp::Codec::Pcma => Codec::Pcma,
        sdp::Codec::Other { .. } => return None,
    };
    let remote = Some(agreed.remote).filter(|remote| !remote.ip().is_unspecified() && remote.port() != 0);
    let send = agreed.direction.sends() && remote.is_some();
    let keys = KeyTypes { send: agreed.telephone_event_send, receive: agreed.telephone_event_receive };
    Some(Aim { remote, send, codec, keys })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aim(offer: &str) -> Aim {
        let (events, _) = mpsc::unbounded_channel();
        let mut leg = Leg::new(LegId(1), events, vec![Codec::Pcmu]);
        leg.offer = Some(sdp::parse(offer).unwrap());
        leg.first_aim().unwrap()
    }

    fn offer(address: &str, direction: &str) -> String {
        format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n\
             a={direction}\r\n"
        )
    }

    /// RFC 3264 §5.1: each side's numbers are those under which it wants to receive.
    #[test]
    fn t12_the_numbers_of_keys_may_differ_by_direction() {
        let (events, _) = mpsc::unbounded_channel();
        let mut leg = Leg::new(LegId(1), events, vec![Codec::Pcmu]);
        leg.audio = Some(SocketAddr::from(([192, 0, 2, 1], 5_000)));
        assert!(leg.offer().unwrap().contains("a=rtpmap:101 telephone-event/8000"));
        let answer = offer("192.0.2.9", "sendrecv").replace("RTP/AVP 0", "RTP/AVP 0 96")
            + "a=rtpmap:96 telephone-event/8000\r\n";
        let agreed = leg.session.answered(&sdp::parse(&answer).unwrap()).unwrap();
        assert_eq!(aim_of(&agreed).unwrap().keys, KeyTypes { send: Some(96), receive: Some(101) });
    }

    /// RFC 3264 §8.4, the present way and the old one.
    #[test]
    fn a_far_end_that_holds_is_sent_nothing() {
        assert!(aim(&offer("192.0.2.9", "sendrecv")).send);
        assert!(aim(&offer("192.0.2.9", "recvonly")).send);
        assert!(!aim(&offer("192.0.2.9", "sendonly")).send);
        assert!(!aim(&offer("192.0.2.9", "inactive")).send);
        assert!(!aim(&offer("0.0.0.0", "sendrecv")).send);
    }
}
