//! How many rules a draft changes, and what an alarm says.

use wire::tolls::{TollNews, TollRules};

use super::model::Draft;
use crate::text::Messages;

impl Draft for TollRules {
    fn changes_from(&self, stored: &Self) -> usize {
        [
            self.international != stored.international,
            self.allowed != stored.allowed,
            self.denied != stored.denied,
            self.emergency != stored.emergency,
            self.office_hours != stored.office_hours,
            self.agent_calls != stored.agent_calls,
            self.agent_attempts != stored.agent_attempts,
            self.trunk_calls != stored.trunk_calls,
            self.trunk_attempts != stored.trunk_attempts,
            self.minutes_per_hour != stored.minutes_per_hour,
            self.minutes_per_day != stored.minutes_per_day,
        ]
        .into_iter()
        .filter(|differs| *differs)
        .count()
    }
}

/// What an alarm says. `region` names a country by its two letters.
#[cfg_attr(not(target_arch = "wasm32"), cfg_attr(not(test), expect(dead_code, reason = "called by the page alone")))]
pub(super) fn alarm_words(words: &Messages, news: &TollNews, region: impl Fn(&str) -> String) -> String {
    match news {
        TollNews::Refused { who, rule } => words.toll_alarm_refused(who, words.toll_rule(*rule)),
        TollNews::NewCountry { who, country } => words.toll_alarm_new_country(who, region(country)),
        TollNews::MinutesUsedUp { trunk, rule } => words.toll_alarm_minutes_used_up(trunk, words.toll_rule(*rule)),
    }
}

#[cfg(test)]
mod tests {
    use domain::telephony::tolls::Rule;

    use super::*;
    use crate::text::Language;

    #[test]
    fn each_changed_rule_counts_once() {
        let stored = TollRules { agent_calls: 2, ..TollRules::default() };
        assert_eq!(stored.changes_from(&stored), 0);
        let draft = TollRules { international: true, denied: vec!["0990".to_owned()], ..stored.clone() };
        assert_eq!(draft.changes_from(&stored), 2);
    }

    #[test]
    fn an_alarm_names_who_and_what_and_never_a_number() {
        let ja = Language::Ja.messages();
        let says = |news: &TollNews| alarm_words(ja, news, |code| format!("<{code}>"));
        let refused = TollNews::Refused { who: "佐藤".to_owned(), rule: Rule::International };
        assert_eq!(says(&refused), "佐藤さんの発信を拒否しました: 国際電話");
        let new = TollNews::NewCountry { who: "佐藤".to_owned(), country: "KR".to_owned() };
        assert_eq!(says(&new), "佐藤さんが初めて<KR>に発信しました");
    }
}
