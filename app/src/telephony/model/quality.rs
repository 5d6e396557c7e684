//! What is said of the sound of a call: whose side it is, and how it is there.

use domain::telephony::quality::{CallQuality, LegQuality, Verdict, Verdicts};

use crate::text::Messages;

/// Whose side of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The agent's own network.
    Agent,
    /// The customer's line.
    Customer,
}

/// A side on which the sound is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Whose.
    pub(crate) side: Side,
    /// Fair or poor.
    pub(crate) verdict: Verdict,
}

/// The one mark that is worth the room: the worse side; of two alike the own one, where the agent can do something.
pub(crate) fn mark(verdicts: Verdicts) -> Option<Mark> {
    let agent = verdicts.agent.map(|verdict| Mark { side: Side::Agent, verdict });
    let customer = verdicts.customer.map(|verdict| Mark { side: Side::Customer, verdict });
    // Of equal ones, the last counts.
    let worst = [customer, agent].into_iter().flatten().max_by_key(|mark| mark.verdict);
    worst.filter(|mark| mark.verdict > Verdict::Good)
}

/// 不安定
pub(crate) fn word(words: &Messages, verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => words.quality_good,
        Verdict::Fair => words.quality_fair,
        Verdict::Poor => words.quality_poor,
    }
}

/// お客様側の回線: 不安定
pub(crate) fn sentence(words: &Messages, side: Side, verdict: Verdict) -> String {
    let side = match side {
        Side::Agent => words.quality_of_agent,
        Side::Customer => words.quality_of_customer,
    };
    words.quality_of(side, word(words, verdict))
}

/// Both sides, as far as they were measured; empty where none was.
pub(crate) fn summary(words: &Messages, verdicts: Verdicts) -> String {
    let sides = [(Side::Agent, verdicts.agent), (Side::Customer, verdicts.customer)];
    let said = sides.into_iter().filter_map(|(side, verdict)| Some(sentence(words, side, verdict?)));
    said.collect::<Vec<_>>().join(" / ")
}

/// What was measured of a call that is over, for each side; 測定なし where nothing was.
pub(crate) fn measured(words: &Messages, quality: CallQuality) -> [(&'static str, String); 2] {
    [(words.quality_agent_side, quality.agent), (words.quality_customer_side, quality.customer)]
        .map(|(label, leg)| (label, figures(words, leg)))
}

fn figures(words: &Messages, leg: LegQuality) -> String {
    let directions = [(words.quality_heard, leg.heard), (words.quality_said, leg.said)];
    let flows = directions.into_iter().filter_map(|(direction, flow)| {
        let flow = flow?;
        let per_mille = flow.lost_per_mille();
        let percent = format!("{}.{}", per_mille / 10, per_mille % 10);
        Some(words.quality_flow(direction, percent, flow.jitter_ms))
    });
    let delay = leg.delay_ms().map(|ms| words.quality_delay(ms));
    let verdict = leg.verdict().map(|verdict| word(words, verdict).to_owned());
    let parts: Vec<String> = verdict.into_iter().chain(flows).chain(delay).collect();
    if parts.is_empty() { words.quality_unmeasured.to_owned() } else { parts.join(" / ") }
}

#[cfg(test)]
mod tests {
    use domain::telephony::quality::Flow;

    use super::*;
    use crate::text::Language;

    fn of(agent: Option<Verdict>, customer: Option<Verdict>) -> Verdicts {
        Verdicts { agent, customer }
    }

    #[test]
    fn only_what_is_not_good_is_marked_and_the_worse_side_first() {
        assert_eq!(mark(Verdicts::default()), None);
        assert_eq!(mark(of(Some(Verdict::Good), Some(Verdict::Good))), None);
        let customer = Mark { side: Side::Customer, verdict: Verdict::Poor };
        assert_eq!(mark(of(Some(Verdict::Fair), Some(Verdict::Poor))), Some(customer));
        let agent = Mark { side: Side::Agent, verdict: Verdict::Poor };
        assert_eq!(mark(of(Some(Verdict::Poor), Some(Verdict::Poor))), Some(agent));
    }

    #[test]
    fn a_side_is_named_with_its_word_and_what_was_not_measured_is_not() {
        let ja = Language::Ja.messages();
        assert_eq!(sentence(ja, Side::Customer, Verdict::Poor), "お客様側の回線: 不安定");
        assert_eq!(summary(ja, of(Some(Verdict::Good), None)), "ご自身のネットワーク: 良好");
        assert_eq!(summary(ja, Verdicts::default()), "");
    }

    #[test]
    fn a_stored_call_tells_its_figures_or_that_there_are_none() {
        let flow = |lost, jitter_ms| Some(Flow { expected: 1_000, lost, jitter_ms });
        let agent = LegQuality { heard: flow(2, 3), said: flow(0, 2), round_trip_ms: Some(25) };
        let [agent, customer] =
            measured(Language::Ja.messages(), CallQuality { agent, customer: LegQuality::default() });
        assert_eq!(
            agent,
            (
                "オペレーター側の音質",
                "良好 / 受信 損失 0.2%・ゆらぎ 3 ms / 送信 損失 0.0%・ゆらぎ 2 ms / 遅延 12 ms".to_owned()
            )
        );
        assert_eq!(customer, ("お客様側の音質", "測定なし".to_owned()));
    }
}
