//! A call's log in sentences. Plain text in, plain text out.

use core::time::Duration;

use domain::ids::{QueueId, UserId};
use domain::routing::Rule;
use domain::telephony::{Because, CallEvent, Outcome};
use wire::interactions::{CallDetail, CallPage};

use crate::format::timer;
use crate::text::Messages;

/// Rows of a page, as the server counts them.
pub(crate) const PAGE: u64 = 50;

/// Whether showing `new` would move rows of `shown`.
pub(crate) fn moves(shown: &CallPage, new: &CallPage) -> bool {
    !shown.rows.iter().map(|row| row.id).eq(new.rows.iter().map(|row| row.id))
}

/// How many rows of `new` are not in `shown`.
pub(crate) fn arrived(shown: &CallPage, new: &CallPage) -> usize {
    new.rows.iter().filter(|row| shown.rows.iter().all(|had| had.id != row.id)).count()
}

/// The rows of `shown` where they are, with what `new` says about them.
pub(crate) fn refreshed(shown: &CallPage, new: &CallPage) -> CallPage {
    let rows =
        shown.rows.iter().map(|had| new.rows.iter().find(|row| row.id == had.id).unwrap_or(had).clone()).collect();
    CallPage { rows, next: shown.next, total: new.total }
}

/// One event as a sentence.
pub(crate) fn sentence(words: &Messages, detail: &CallDetail, event: &CallEvent) -> String {
    let agent = |id: UserId| agent_name(detail, id);
    match event {
        CallEvent::Started { direction } => format!("{} · {}", words.event_started, words.direction(*direction)),
        CallEvent::Queued { queue, front: _ } => words.event_queued(queue_name(words, detail, *queue)),
        CallEvent::MusicStarted => words.event_music.to_owned(),
        CallEvent::Offered { agent: id, because: _ } => words.event_offered(agent(*id)),
        CallEvent::Called { agent: id, extension: _ } => words.event_called(agent(*id)),
        CallEvent::Declined { agent: id } => words.event_declined(agent(*id)),
        CallEvent::Missed { agent: id } => words.event_missed(agent(*id)),
        CallEvent::OfferLost { agent: id } => words.event_offer_lost(agent(*id)),
        CallEvent::AgentLost { agent: id } => words.event_agent_lost(agent(*id)),
        CallEvent::AgentBack { agent: id } => words.event_agent_back(agent(*id)),
        CallEvent::AgentNotBack { agent: id } => words.event_agent_not_back(agent(*id)),
        CallEvent::Dialled { agent: id } => words.event_dialled(agent(*id)),
        CallEvent::FarEndRinging => words.event_ringing.to_owned(),
        CallEvent::EarlyMedia => words.event_early_media.to_owned(),
        CallEvent::Connected { agent: id } => words.event_connected(agent(*id)),
        CallEvent::Held { agent: id } => words.event_held(agent(*id)),
        CallEvent::Resumed { agent: id } => words.event_resumed(agent(*id)),
        CallEvent::Ended { outcome } => words.event_ended(words.outcome(*outcome)),
    }
}

/// "Why me?" in one sentence (C6), for the events that have an answer.
pub(crate) fn why_me(words: &Messages, detail: &CallDetail, event: &CallEvent) -> Option<String> {
    match event {
        CallEvent::Offered { agent: _, because } => Some(because_of(words, because)),
        CallEvent::Called { .. } => detail.row.our_number.as_ref().map(|ours| words.because_extension(&ours.shown)),
        CallEvent::Started { .. }
        | CallEvent::Queued { .. }
        | CallEvent::MusicStarted
        | CallEvent::Declined { .. }
        | CallEvent::Missed { .. }
        | CallEvent::OfferLost { .. }
        | CallEvent::AgentLost { .. }
        | CallEvent::AgentBack { .. }
        | CallEvent::AgentNotBack { .. }
        | CallEvent::Dialled { .. }
        | CallEvent::FarEndRinging
        | CallEvent::EarlyMedia
        | CallEvent::Connected { .. }
        | CallEvent::Held { .. }
        | CallEvent::Resumed { .. }
        | CallEvent::Ended { .. } => None,
    }
}

/// The SIP status of a failure with its reason phrase: shown small, for whoever runs the trunk.
pub(crate) fn sip_cause(words: &Messages, outcome: Option<Outcome>, reason: Option<&str>) -> Option<String> {
    let status = match outcome {
        Some(Outcome::Failed { failure: _, sip_status }) => sip_status,
        Some(
            Outcome::CustomerHungUp
            | Outcome::AgentHungUp
            | Outcome::Abandoned
            | Outcome::Cancelled
            | Outcome::Lost
            | Outcome::AgentLost,
        )
        | None => None,
    };
    match (status, reason) {
        (Some(status), Some(reason)) if reason.starts_with(&status.to_string()) => Some(words.sip_status(reason)),
        (Some(status), Some(reason)) => Some(words.sip_status(format!("{status} {reason}"))),
        (Some(status), None) => Some(words.sip_status(status)),
        (None, Some(reason)) => Some(words.sip_status(reason)),
        (None, None) => None,
    }
}

/// A span of milliseconds as a timer reads it.
pub(crate) fn span(ms: i64) -> String {
    timer(Duration::from_millis(u64::try_from(ms).unwrap_or(0)))
}

fn because_of(words: &Messages, because: &Because) -> String {
    let chosen = match because.rule {
        Rule::LongestIdle => words.because_longest_idle(because.candidates, span(because.idle_ms)),
    };
    if because.skipped > 0 { format!("{chosen} {}", words.because_skipped(because.skipped)) } else { chosen }
}

fn agent_name(detail: &CallDetail, id: UserId) -> String {
    // Somebody who was removed since has no name any more.
    detail.agents.iter().find(|agent| agent.id == id).map_or_else(|| "—".to_owned(), |agent| agent.name.clone())
}

fn queue_name(words: &Messages, detail: &CallDetail, id: QueueId) -> String {
    match &detail.row.queue {
        Some(queue) if queue.id == id => queue.name.clone(),
        Some(_) | None => words.calls_queue.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::InteractionId;
    use domain::phone::{E164, ShownNumber};
    use domain::telephony::{Direction, Failure};
    use domain::time::Timestamp;
    use uuid::Uuid;
    use wire::events::{Party, QueueName};
    use wire::interactions::{AgentName, CallRow};

    use super::*;
    use crate::text::Language;

    const SATO: UserId = UserId(Uuid::from_u128(1));
    const QUEUE: QueueId = QueueId(Uuid::from_u128(2));

    fn detail() -> CallDetail {
        CallDetail {
            row: CallRow {
                id: InteractionId(Uuid::from_u128(3)),
                direction: Direction::Inbound,
                party: Party { number: None, name: None, customer: None, candidates: 0 },
                our_number: None,
                queue: Some(QueueName { id: QUEUE, name: "代表".to_owned() }),
                agent: None,
                started_at: Timestamp(0),
                waited_ms: None,
                talked_ms: None,
                outcome: None,
                called_back_at: None,
            },
            events: Vec::new(),
            agents: vec![AgentName { id: SATO, name: "佐藤".to_owned() }],
            sip_reason: None,
            quality: domain::telephony::quality::CallQuality::default(),
        }
    }

    fn page(ids: &[u128]) -> CallPage {
        let rows = ids.iter().map(|id| CallRow { id: InteractionId(Uuid::from_u128(*id)), ..detail().row }).collect();
        CallPage { rows, next: None, total: 9 }
    }

    #[test]
    fn rows_hold_still_and_take_what_is_new_about_them() {
        let shown = page(&[2, 1]);
        let mut new = page(&[3, 2]);
        new.rows[1].talked_ms = Some(5_000);
        assert!(moves(&shown, &new));
        assert!(!moves(&shown, &page(&[2, 1])));
        assert_eq!(arrived(&shown, &new), 1);
        let kept = refreshed(&shown, &new);
        assert_eq!(
            kept.rows.iter().map(|row| row.id).collect::<Vec<_>>(),
            page(&[2, 1]).rows.iter().map(|row| row.id).collect::<Vec<_>>()
        );
        assert_eq!(kept.rows[0].talked_ms, Some(5_000));
    }

    #[test]
    fn c6_an_offer_says_why_this_agent() {
        let because =
            Because { rule: Rule::LongestIdle, candidates: 3, idle_ms: 123_000, waiting_before: 0, skipped: 1 };
        let event = CallEvent::Offered { agent: SATO, because };
        let ja = Language::Ja.messages();
        assert_eq!(sentence(ja, &detail(), &event), "佐藤さんを呼出");
        assert_eq!(
            why_me(ja, &detail(), &event).as_deref(),
            Some("待機中の3名のうち、最も長く待機していました (2:03) 拒否・不在の1名を除きました")
        );
    }

    #[test]
    fn c6_a_call_to_an_extension_says_that_it_was_called() {
        let event = CallEvent::Called { agent: SATO, extension: domain::ids::ExtensionId(Uuid::from_u128(3)) };
        let ours = ShownNumber { e164: E164::parse("+811001").unwrap(), shown: "1001".to_owned() };
        let detail = CallDetail { row: CallRow { our_number: Some(ours), ..detail().row }, ..detail() };
        let ja = Language::Ja.messages();
        assert_eq!(sentence(ja, &detail, &event), "佐藤さんの内線を呼出");
        assert_eq!(why_me(ja, &detail, &event).as_deref(), Some("内線 1001 宛の着信です"));
    }

    #[test]
    fn a_queue_is_named_and_a_removed_agent_is_not() {
        let ja = Language::Ja.messages();
        assert_eq!(sentence(ja, &detail(), &CallEvent::Queued { queue: QUEUE, front: true }), "代表で待機");
        let gone = UserId(Uuid::from_u128(9));
        assert_eq!(sentence(ja, &detail(), &CallEvent::Declined { agent: gone }), "—さんが拒否");
    }

    #[test]
    fn the_sip_cause_is_kept_beside_the_plain_words() {
        let busy = Outcome::Failed { failure: Failure::Busy, sip_status: Some(486) };
        let ja = Language::Ja.messages();
        assert_eq!(sip_cause(ja, Some(busy), Some("Busy Here")).as_deref(), Some("SIP 486 Busy Here"));
        assert_eq!(sip_cause(ja, Some(busy), Some("486 Busy Here")).as_deref(), Some("SIP 486 Busy Here"));
        assert_eq!(sip_cause(ja, Some(Outcome::CustomerHungUp), None), None);
    }
}
