//! Sentences that more than one part of the softphone says.

use wire::events::Party;

use super::microphone::MicrophoneProblem;
use super::model::Why;
use crate::text::Messages;

/// The customer's name, or 登録されていない顧客 (A27).
pub(crate) fn party_name(words: &Messages, party: &Party) -> String {
    party.name.clone().unwrap_or_else(|| words.unregistered_customer.to_owned())
}

/// The customer's number as people read it, or 番号非通知.
pub(crate) fn party_number(words: &Messages, party: &Party) -> String {
    party.number.as_ref().map_or_else(|| words.withheld_number.to_owned(), |number| number.shown.clone())
}

/// Why a control cannot be used.
pub(crate) fn why(words: &Messages, why: Why) -> &'static str {
    match why {
        Why::Refused(refusal) => words.refusal(refusal),
        Why::NoCall => words.why_no_call,
        Why::InCall => words.why_in_call,
        Why::AnswerInPopup => words.why_answer_in_popup,
        Why::LoggedOut => words.why_logged_out,
        Why::NoExtension => words.why_no_extension,
        Why::Elsewhere => words.why_elsewhere,
        Why::Reconnecting => words.why_reconnecting,
    }
}

/// What is wrong with the microphone, and what to do.
pub(crate) fn microphone(words: &Messages, problem: MicrophoneProblem) -> &'static str {
    match problem {
        MicrophoneProblem::Denied => words.microphone_denied,
        MicrophoneProblem::Missing => words.microphone_missing,
        MicrophoneProblem::Busy => words.microphone_busy,
        MicrophoneProblem::Insecure => words.microphone_insecure,
    }
}
