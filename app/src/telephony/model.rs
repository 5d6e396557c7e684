//! The agent's softphone as the desk knows it, and what the bar shows of it. Nothing here draws.

pub(crate) mod pulse;
pub(crate) mod quality;

use domain::agents::{Seat, SeatInput, Shown, Work};
use domain::ids::{ClientId, InteractionId, UserId};
use domain::refusal::Refusal;
use domain::telephony::{Call, Command, Outcome};
use domain::time::Timestamp;
use wire::events::{CallView, Desk, DeskEvent, Gone, Media, Party, QueueView, Softphone};
use wire::settings::CallRules;

/// What the server last said about this agent's softphone and call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Telephony {
    /// The own softphone.
    pub(crate) softphone: Softphone,
    /// The own call, until its after-call work is left.
    pub(crate) call: Option<CallView>,
    /// The own queues.
    pub(crate) queues: Vec<QueueView>,
    /// The call that last ended without the agent's doing, for the popup's grey line.
    pub(crate) farewell: Option<Farewell>,
}

/// A call that ended without the agent's doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Farewell {
    /// Why.
    pub(crate) why: Bye,
    /// Who it was.
    pub(crate) party: Party,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bye {
    /// The ringing stopped.
    Gone(Gone),
    /// The call was dialled or up.
    Ended(Outcome),
}

impl Default for Telephony {
    fn default() -> Self {
        Self {
            softphone: Softphone { seat: Seat::LoggedOut, client: None, media: Media::Down },
            call: None,
            queues: Vec::new(),
            farewell: None,
        }
    }
}

impl Telephony {
    /// Takes everything anew.
    pub(crate) fn snapshot(&mut self, desk: &Desk) {
        // An offer that ended while the line was cut is told like any other: it was on the screen.
        if let Some(offer) = self.offer()
            && desk.call.as_ref().is_none_or(|call| call.id != offer.id)
        {
            self.farewell = Some(Farewell { why: Bye::Gone(Gone::Abandoned), party: offer.party.clone() });
        }
        self.softphone = desk.softphone.clone();
        self.call.clone_from(&desk.call);
        self.queues.clone_from(&desk.queues);
    }

    /// Takes a change.
    pub(crate) fn apply(&mut self, event: &DeskEvent) {
        match event {
            DeskEvent::Softphone { softphone } => self.softphone = softphone.clone(),
            DeskEvent::Call { call } => {
                self.farewell = self.farewell_of(call);
                self.call = Some((**call).clone());
            }
            DeskEvent::CallGone { call, why } => {
                if let Some(had) = self.call.take_if(|had| had.id == *call)
                    && matches!(had.call, Call::Offered { .. })
                {
                    self.farewell = Some(Farewell { why: Bye::Gone(*why), party: had.party });
                }
            }
            DeskEvent::Queues { queues } => self.queues.clone_from(queues),
            DeskEvent::CustomerPressed { .. }
            | DeskEvent::Me { .. }
            | DeskEvent::CallsChanged { .. }
            | DeskEvent::SettingsChanged
            | DeskEvent::LinesChanged
            | DeskEvent::CallRules { .. }
            | DeskEvent::CustomerChanged { .. }
            | DeskEvent::FieldsChanged
            | DeskEvent::Draft { .. }
            | DeskEvent::Import { .. }
            | DeskEvent::TollAlarm { .. } => {}
        }
    }

    /// What is to be said when the call becomes this one: only of an end, and only of one that the agent did not make.
    fn farewell_of(&self, now: &CallView) -> Option<Farewell> {
        let was_live = self.live().is_some_and(|had| had.id == now.id);
        match now.call {
            Call::Ended { outcome, .. } if was_live => match outcome {
                Outcome::AgentHungUp | Outcome::Cancelled => None,
                Outcome::CustomerHungUp
                | Outcome::Abandoned
                | Outcome::Failed { .. }
                | Outcome::Lost
                | Outcome::AgentLost => Some(Farewell { why: Bye::Ended(outcome), party: now.party.clone() }),
            },
            Call::Ended { .. }
            | Call::Waiting { .. }
            | Call::Offered { .. }
            | Call::Dialling { .. }
            | Call::Connected { .. }
            | Call::Held { .. }
            | Call::Kept { .. } => None,
        }
    }

    /// The call that rings here.
    pub(crate) fn offer(&self) -> Option<&CallView> {
        self.call.as_ref().filter(|view| matches!(view.call, Call::Offered { .. }))
    }

    /// The call that is dialled, up or held.
    pub(crate) fn live(&self) -> Option<&CallView> {
        self.call.as_ref().filter(|view| match view.call {
            Call::Dialling { .. } | Call::Connected { .. } | Call::Held { .. } | Call::Kept { .. } => true,
            Call::Waiting { .. } | Call::Offered { .. } | Call::Ended { .. } => false,
        })
    }

    /// Whether anything rings, is dialled, up or held: leaving the page then deserves a question.
    pub(crate) fn in_call(&self) -> bool {
        match self.softphone.seat.work() {
            Work::Idle | Work::AfterCall { .. } => false,
            Work::Ringing { .. } | Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. } => true,
        }
    }

    /// Whether the softphone is logged in, here or elsewhere.
    pub(crate) fn logged_in(&self) -> bool {
        matches!(self.softphone.seat, Seat::LoggedIn { .. })
    }

    /// Whether another tab holds the softphone.
    pub(crate) fn elsewhere(&self, here: ClientId) -> bool {
        self.logged_in() && self.softphone.client.is_some_and(|client| client != here)
    }

    /// Whether the microphone is to be open: while 待機 or in a call; in calls only, where the company wants it so (A31).
    /// A call counts from its ringing on, so that its first word is heard.
    pub(crate) fn wants_microphone(&self, here: ClientId, rules: Option<CallRules>) -> bool {
        if self.elsewhere(here) {
            return false;
        }
        match self.softphone.seat.shown().0 {
            Shown::Ringing | Shown::Dialling | Shown::Talking | Shown::Held => true,
            Shown::Ready => !only_in_calls(rules),
            // The next call may be offered the moment this ends.
            Shown::AfterCall => self.softphone.seat.presence_is_ready() && !only_in_calls(rules),
            Shown::LoggedOut | Shown::NotReady(_) | Shown::Break(_) => false,
        }
    }
}

/// Whether the microphone stays closed between calls (A31). While the company's wish is not known, it does: a microphone
/// that opens a moment late does less harm than one that was not to be open.
pub(crate) fn only_in_calls(rules: Option<CallRules>) -> bool {
    rules.is_none_or(|rules| rules.microphone_only_in_calls)
}

/// Reads one thing of a seat that its machine has no question for.
trait SeatExt {
    fn presence_is_ready(self) -> bool;
}

impl SeatExt for Seat {
    fn presence_is_ready(self) -> bool {
        matches!(self, Seat::LoggedIn { presence: domain::agents::Presence::Ready, .. })
    }
}

/// What the bar shows: its kind, which decides colours and slots, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Its kind.
    pub(crate) mode: Mode,
    /// Since when, for the pill's timer.
    pub(crate) since: Option<Timestamp>,
    /// When this ends by itself, for a timer that counts down (A5).
    pub(crate) until: Option<Timestamp>,
    /// 発信
    pub(crate) dial: Result<(), Why>,
    /// 保留 or 保留解除: which of the two the button means, and whether it can be pressed.
    pub(crate) hold: (Command, Result<(), Why>),
    /// 切断
    pub(crate) hang_up: Result<(), Why>,
}

/// The rows of the bar's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// 内線番号なし
    NoExtension,
    /// ログアウト
    LoggedOut,
    /// 別の画面で使用中
    Elsewhere,
    /// Logged in: what the pill says.
    Here(Shown),
}

/// Why a control of the bar cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The rules say so.
    Refused(Refusal),
    /// There is no call that it could act upon.
    NoCall,
    /// Not during a call.
    InCall,
    /// The popup alone answers and declines.
    AnswerInPopup,
    /// The softphone is not logged in.
    LoggedOut,
    /// No extension is assigned.
    NoExtension,
    /// Another tab holds the softphone.
    Elsewhere,
    /// The line to the server is cut.
    Reconnecting,
}

/// Facts from outside the softphone that the bar depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings {
    /// Who looks.
    pub(crate) me: UserId,
    /// Whether an extension is assigned.
    pub(crate) has_extension: bool,
    /// This tab.
    pub(crate) here: ClientId,
    /// Whether the socket is up.
    pub(crate) online: bool,
}

impl Bar {
    /// The bar for what is known now.
    pub(crate) fn of(telephony: &Telephony, around: Surroundings) -> Self {
        let seat = telephony.softphone.seat;
        let (shown, since) = seat.shown();
        let mode = if telephony.elsewhere(around.here) {
            Mode::Elsewhere
        } else if shown == Shown::LoggedOut {
            if around.has_extension { Mode::LoggedOut } else { Mode::NoExtension }
        } else {
            Mode::Here(shown)
        };
        let blocked = match mode {
            Mode::NoExtension => Some(Why::NoExtension),
            Mode::LoggedOut => Some(Why::LoggedOut),
            Mode::Elsewhere => Some(Why::Elsewhere),
            Mode::Here(_) => None,
        };
        let call = telephony.call.as_ref().map(|view| &view.call);
        // Hanging up stays possible while the line is cut: the request may get through before the socket does.
        let hang_up = blocked.map_or_else(|| hang_up(call, around.me), Err);
        let blocked = blocked.or((!around.online).then_some(Why::Reconnecting));
        let dial = blocked.map_or_else(|| dial(seat), Err);
        let (command, hold) = hold(call, around.me);
        let hold = (command, blocked.map_or(hold, Err));
        let here = matches!(mode, Mode::Here(_));
        let until = seat.next_deadline().filter(|_| here);
        Self { mode, since: since.filter(|_| here), until, dial, hold, hang_up }
    }
}

fn dial(seat: Seat) -> Result<(), Why> {
    // Any id will do: the seat is only asked whether it takes a dialled call at all.
    let call = InteractionId(uuid::Uuid::nil());
    match seat.allows(SeatInput::Dialled { call }) {
        Ok(()) => Ok(()),
        Err(Refusal::InCall) if matches!(seat.work(), Work::Ringing { .. }) => Err(Why::AnswerInPopup),
        Err(Refusal::InCall) => Err(Why::InCall),
        Err(refusal) => Err(Why::Refused(refusal)),
    }
}

fn hold(call: Option<&Call>, me: UserId) -> (Command, Result<(), Why>) {
    match call {
        Some(call @ Call::Held { .. }) => (Command::Resume, call.allows(me, Command::Resume).map_err(Why::Refused)),
        Some(call @ (Call::Connected { .. } | Call::Kept { .. })) => {
            (Command::Hold, call.allows(me, Command::Hold).map_err(Why::Refused))
        }
        Some(Call::Offered { .. }) => (Command::Hold, Err(Why::AnswerInPopup)),
        Some(Call::Dialling { .. } | Call::Waiting { .. } | Call::Ended { .. }) | None => {
            (Command::Hold, Err(Why::NoCall))
        }
    }
}

fn hang_up(call: Option<&Call>, me: UserId) -> Result<(), Why> {
    match call {
        Some(call @ (Call::Dialling { .. } | Call::Connected { .. } | Call::Held { .. } | Call::Kept { .. })) => {
            call.allows(me, Command::HangUp).map_err(Why::Refused)
        }
        Some(Call::Offered { .. }) => Err(Why::AnswerInPopup),
        Some(Call::Waiting { .. } | Call::Ended { .. }) | None => Err(Why::NoCall),
    }
}

#[cfg(test)]
mod tests;
