//! Session timers (RFC 4028): how long a session may last without a word, who refreshes it, and what ends it.
//!
//! ```text
//! Off ── 2xx with Session-Expires ──► Running ── half of it, ours to refresh ──► UPDATE, or re-INVITE
//!  ▲                                   │ ▲                                          │
//!  └── 2xx without ────────────────────┘ └──────────── 2xx to either side ◄─────────┘
//!                                      └── a third of it (32 s at most) before its end: BYE
//! ```

use std::time::Duration;

use crate::api::{CallKey, Event, Timers};
use crate::message::value::{self, Params};
use crate::message::{Headers, Method, Response};
use crate::time::Time;

use super::Endpoint;
use super::call::{Asking, Call, Phase};
use super::clients::Purpose;
use super::servers::Answer;

/// No session is refreshed more often than this makes necessary (RFC 4028 §5).
const SHORTEST: Duration = Duration::from_secs(90);
/// How soon a refresh is tried again that something else stood in the way of.
const BUSY: Duration = Duration::from_secs(2);

/// The descriptions agreed on, and how long they hold.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Ours, to be offered again unchanged.
    pub(super) local: String,
    /// Theirs.
    pub(super) remote: String,
    /// What we ask for; grows after a 422.
    interval: Duration,
    /// The largest Min-SE of a 422.
    least: Duration,
    timer: Option<Timer>,
    /// Does the far side take UPDATE?
    updates: bool,
}

#[derive(Debug, Clone, Copy)]
struct Timer {
    interval: Duration,
    /// Is it ours to refresh?
    ours: bool,
    /// `None`: a refresh is on its way, or it is theirs.
    refresh_at: Option<Time>,
    end_at: Time,
}

/// What we say to a request that may set the timer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant {
    interval: Duration,
    ours: bool,
    /// Does the far side know about timers?
    supported: bool,
}

impl Timer {
    fn new(now: Time, interval: Duration, ours: bool) -> Self {
        // RFC 4028 §10: BYE goes out the lesser of 32 s and a third of the interval before its end.
        let margin = (interval / 3).min(Duration::from_secs(32));
        let refresh_at = ours.then(|| now + interval / 2);
        Self { interval, ours, refresh_at, end_at: now + interval.saturating_sub(margin) }
    }
}

impl Session {
    pub(super) fn new(timers: &Timers, local: String) -> Self {
        let interval = timers.session_expires;
        let interval = if interval.is_zero() { interval } else { interval.max(timers.min_se()) };
        Self { local, interval, ..Self::default() }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let timer = self.timer?;
        Some(timer.refresh_at.map_or(timer.end_at, |refresh_at| refresh_at.min(timer.end_at)))
    }

    /// What the far side says of itself in any message of the dialog.
    pub(super) fn learn(&mut self, headers: &Headers) {
        if headers.get("Allow").is_some() {
            self.updates = headers.list("Allow").any(|method| method == "UPDATE");
        }
    }

    /// Puts into a request of ours what we want; `first`: the INVITE that begins the call.
    pub(super) fn ask(&self, headers: &mut Headers, first: bool) {
        headers.push("Supported", if first { "100rel, timer" } else { "timer" });
        let wanted = match self.timer {
            // RFC 4028 §7.4: who refreshes stays the same, named by the part each has in this transaction.
            Some(timer) => Some((timer.interval, if timer.ours { ";refresher=uac" } else { ";refresher=uas" })),
            None if first && !self.interval.is_zero() => Some((self.interval, "")),
            None => None,
        };
        if let Some((interval, refresher)) = wanted {
            headers.push("Session-Expires", format!("{}{refresher}", interval.as_secs()));
            // RFC 4028 §7.1: not said where it is the 90 s of the standard.
            if self.least > SHORTEST {
                headers.push("Min-SE", self.least.as_secs().to_string());
            }
        }
    }

    /// A 422 came: asks for as much as it wants. `false`: that is what was asked for (RFC 4028 §7.4).
    fn raise(&mut self, headers: &Headers) -> bool {
        let Some(least) = headers.get("Min-SE").and_then(seconds) else { return false };
        let asked = self.timer.map_or(self.interval, |timer| timer.interval);
        if least <= asked || least <= self.least {
            return false;
        }
        (self.least, self.interval) = (least, least);
        if let Some(timer) = &mut self.timer {
            timer.interval = least;
        }
        true
    }

    /// A 2xx to a request of ours came.
    pub(super) fn answered(&mut self, now: Time, headers: &Headers) {
        self.learn(headers);
        let found = headers.get("Session-Expires").and_then(session_expires);
        // RFC 4028 §7.2. Without a word about it the one who asked refreshes.
        self.timer = found.map(|(interval, refresher)| {
            Timer::new(now, interval.max(SHORTEST), refresher.is_none_or(|refresher| refresher == Refresher::Uac))
        });
    }

    /// What we grant to a request of theirs (RFC 4028 §9).
    pub(super) fn grant(&self, timers: &Timers, headers: &Headers) -> Option<Grant> {
        let supported = supports_timer(headers);
        let asked = headers.get("Session-Expires").and_then(session_expires);
        let least = headers.get("Min-SE").and_then(seconds).unwrap_or_default().max(timers.min_se());
        let most = (!self.interval.is_zero()).then(|| self.interval.max(least));
        let interval = match (asked, most) {
            (Some((interval, _)), _) if interval < SHORTEST => None,
            (Some((interval, _)), Some(most)) => Some(interval.min(most)),
            (Some((interval, _)), None) => Some(interval),
            (None, most) => most.filter(|_| supported),
        }?;
        let stays = self.timer.map_or(Refresher::Uas, |timer| if timer.ours { Refresher::Uas } else { Refresher::Uac });
        let wanted = asked.and_then(|(_, refresher)| refresher).unwrap_or(stays);
        // Who knows nothing about timers refreshes nothing.
        let ours = !supported || wanted == Refresher::Uas;
        Some(Grant { interval, ours, supported })
    }

    /// A 2xx of ours goes out.
    pub(super) fn granted(&mut self, now: Time, grant: Option<Grant>) {
        self.timer = grant.map(|grant| Timer::new(now, grant.interval, grant.ours));
    }

    /// Says of a refresh that it failed for now.
    fn put_off(&mut self, now: Time) {
        if let Some(timer) = &mut self.timer {
            timer.refresh_at = Some(now + timer.end_at.since(now) / 2).filter(|at| at.since(now) >= BUSY);
        }
    }
}

impl Grant {
    pub(super) fn put(self, response: &mut Response) {
        let refresher = if self.ours { "uas" } else { "uac" };
        response.headers.push("Session-Expires", format!("{};refresher={refresher}", self.interval.as_secs()));
        if self.supported {
            response.headers.push("Require", "timer");
        }
    }
}

/// RFC 4028 §9: 422 to an interval that is too short, where the far side knows what a 422 is.
pub(super) fn too_short(timers: &Timers, headers: &Headers) -> Option<Answer> {
    let (asked, _) = headers.get("Session-Expires").and_then(session_expires)?;
    let least = timers.min_se();
    (asked < least && supports_timer(headers))
        .then(|| Answer { extra: vec![("Min-SE", least.as_secs().to_string())], ..Answer::plain(422) })
}

fn supports_timer(headers: &Headers) -> bool {
    ["Supported", "Require"]
        .into_iter()
        .flat_map(|name| headers.list(name))
        .any(|tag| tag.eq_ignore_ascii_case("timer"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refresher {
    Uac,
    Uas,
}

/// `1800;refresher=uas`.
fn session_expires(text: &str) -> Option<(Duration, Option<Refresher>)> {
    let (_, params) = text.split_once(';').unwrap_or((text, ""));
    let refresher =
        Params::parse(params).and_then(|params| match params.get("refresher")?.to_ascii_lowercase().as_str() {
            "uac" => Some(Refresher::Uac),
            "uas" => Some(Refresher::Uas),
            _ => None,
        });
    Some((seconds(text)?, refresher))
}

/// A whole number of seconds before any parameters.
fn seconds(text: &str) -> Option<Duration> {
    let number = text.split(';').next().unwrap_or_default().trim();
    value::number::<u32>(number).map(|seconds| Duration::from_secs(seconds.into()))
}

impl Endpoint {
    /// A 422 to a request of the call.
    pub(super) fn raise_interval(&mut self, key: CallKey, response: &Response) -> bool {
        let call = self.calls.get_mut(&key).filter(|_| response.status == 422);
        call.is_some_and(|call| call.session.raise(&response.headers))
    }

    pub(super) fn time_session(&mut self, now: Time, key: CallKey) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        let Phase::Up(up) = &call.phase else { return };
        let Some(timer) = &mut call.session.timer else { return };
        if timer.end_at <= now {
            return self.lose(now, key);
        }
        if timer.refresh_at.is_none_or(|at| at > now) {
            return;
        }
        let idle = matches!(up.asking, Asking::Nothing) && up.unacked.is_none() && call.asked.is_none();
        if !idle {
            // What stands in the way is mostly a change, whose 2xx is a refresh as well.
            timer.refresh_at = Some(now + BUSY);
            return;
        }
        timer.refresh_at = None;
        let (by_update, sdp) = (call.session.updates, call.session.local.clone());
        if by_update || sdp.is_empty() {
            let client = self.send_within(now, key, Method::Update, Purpose::Refresh(key), None);
            if let Some(Phase::Up(up)) = self.calls.get_mut(&key).map(|call| &mut call.phase) {
                up.refreshing = client;
            }
        } else {
            self.send_change(now, key, sdp, true);
        }
    }

    /// Our UPDATE was answered, or was not.
    pub(super) fn refresh_answered(&mut self, now: Time, key: CallKey, client: &str, response: &Response) {
        let Some(Call { phase: Phase::Up(up), .. }) = self.calls.get_mut(&key) else { return };
        if up.refreshing.as_deref() != Some(client) {
            return;
        }
        up.refreshing = None;
        match response.status {
            ..200 => {}
            200..300 => {
                let Some(call) = self.calls.get_mut(&key) else { return };
                call.dialog.refresh(&response.headers);
                call.session.answered(now, &response.headers);
            }
            _ => {
                let again = self.challenged_within(now, key, client, response);
                if let Some(Phase::Up(up)) = self.calls.get_mut(&key).map(|call| &mut call.phase)
                    && again.is_some()
                {
                    up.refreshing = again;
                } else {
                    self.refresh_failed(now, key, response);
                }
            }
        }
    }

    /// RFC 4028 §10: silence and 481 end the call; anything else is tried once more while there is time.
    pub(super) fn refresh_failed(&mut self, now: Time, key: CallKey, response: &Response) {
        let raised = self.raise_interval(key, response);
        let Some(call) = self.calls.get_mut(&key) else { return };
        let otherwise = matches!(response.status, 405 | 501) && std::mem::take(&mut call.session.updates);
        match (response.status, &mut call.session.timer) {
            (408 | 481, _) => self.lose(now, key),
            (_, Some(timer)) if raised || otherwise => timer.refresh_at = Some(now),
            _ => call.session.put_off(now),
        }
    }

    /// The answer to a refresh: told if it is another than before.
    pub(super) fn refreshed(&mut self, key: CallKey, sdp: String) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        if sdp.is_empty() || sdp == call.session.remote {
            return;
        }
        call.session.remote.clone_from(&sdp);
        self.tell(Event::ReofferAnswered { call: key, sdp });
    }
}
