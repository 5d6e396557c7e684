//! Phone numbers as people type them and as trunks write them, read by the account's numbering plan.

use domain::phone::{E164, ShownNumber};
use domain::telephony::tolls::{Country, Prefix};
use phonenumber::country::Id;
use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, PhoneNumber};
use wire::telephony::ReadNumber;

/// The numbering plan of one country: what a number without a country code means, and how numbers are written there.
#[derive(Clone, Copy, Debug)]
pub struct NumberingPlan {
    country: Id,
    home: Country,
}

/// The longest short number (ITU-T E.164.1): emergency services and the like.
const SHORT: usize = 6;

/// The longest extension number.
const INTERNAL: usize = 8;

/// The text names no country.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no country: give two letters of ISO 3166-1, such as JP or KR")]
pub struct UnknownCountry(String);

impl NumberingPlan {
    /// The plan of a country, by its two letters of ISO 3166-1.
    ///
    /// # Errors
    /// [`UnknownCountry`].
    pub fn of(country: &str) -> Result<Self, UnknownCountry> {
        let unknown = || UnknownCountry(country.to_owned());
        let letters = country.to_ascii_uppercase();
        let home = Country::parse(&letters).map_err(|_| unknown())?;
        Ok(Self { country: letters.parse().map_err(|_| unknown())?, home })
    }

    /// Reads what a person typed: any spacing, hyphens, brackets, full-width digits and signs. None if that cannot be
    /// a number.
    pub fn read(self, text: &str) -> Option<ShownNumber> {
        self.parse(text).and_then(|number| self.shown(&number))
    }

    /// The same, with the country that the number belongs to, for the dialler.
    pub fn describe(self, text: &str) -> ReadNumber {
        let parsed = self.parse(text);
        let country = parsed.as_ref().and_then(|number| number.country().id()).map(|id| id.as_ref().to_owned());
        let number = parsed.and_then(|number| self.shown(&number));
        ReadNumber { country: country.filter(|_| number.is_some()), number }
    }

    /// Reads the user part of a SIP address: E.164 with or without its `+`, or the national form.
    pub fn read_dialled(self, user: &str) -> Option<ShownNumber> {
        // RFC 3966 §5.1: parameters such as `;phone-context=` follow the number.
        let user = user.split(';').next().unwrap_or_default();
        self.read(user).or_else(|| {
            let international = !user.starts_with(['+', '0']) && user.bytes().all(|byte| byte.is_ascii_digit());
            international.then(|| self.read(&format!("+{user}"))).flatten()
        })
    }

    /// How a stored number is written here: in the national form at home, in the international one otherwise.
    pub fn show(self, e164: &E164) -> ShownNumber {
        let plain = || ShownNumber { e164: e164.clone(), shown: e164.as_str().to_owned() };
        let parsed = self.parse(e164.as_str());
        // What is too short for the plan, and longer than its shortest numbers, was dialled within an exchange.
        let short = self.at_home(e164.as_str()).filter(|digits| digits.len() <= INTERNAL);
        match (&parsed, short) {
            (Some(number), None) => self.shown(number).unwrap_or_else(plain),
            (Some(number), Some(_)) if phonenumber::is_valid(number) => self.shown(number).unwrap_or_else(plain),
            (_, Some(digits)) => ShownNumber { e164: e164.clone(), shown: digits.to_owned() },
            (None, None) => plain(),
        }
    }

    /// A short number of our own country, such as 110: dialled as it stands, kept with the country's code before it.
    /// None for what is not 2 to 6 digits.
    pub fn short(self, text: &str) -> Option<ShownNumber> {
        let plain = narrow(text);
        let digits = self.at_home(&plain).unwrap_or(&plain);
        let fits = (2..=SHORT).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        let e164 = E164::parse(&format!("+{}{digits}", self.calling_code())).ok().filter(|_| fits)?;
        Some(ShownNumber { e164, shown: digits.to_owned() })
    }

    /// A number within another exchange, such as 1002: 2 to 8 digits, dialled as it stands, kept as short numbers are.
    pub fn internal(self, text: &str) -> Option<ShownNumber> {
        let digits = narrow(text);
        let fits = (2..=INTERNAL).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        let e164 = E164::parse(&format!("+{}{digits}", self.calling_code())).ok().filter(|_| fits)?;
        Some(ShownNumber { e164, shown: digits })
    }

    /// Our own country.
    pub fn home(self) -> Country {
        self.home
    }

    /// The calling code of our own country: 81 for JP.
    pub fn calling_code(self) -> u16 {
        DATABASE.by_id(self.country.as_ref()).map_or(0, phonenumber::Metadata::country_code)
    }

    /// The country that a number belongs to; none for ranges of no country and for what the tables do not know.
    pub fn country_of(self, number: &E164) -> Option<Country> {
        let parsed = self.parse(number.as_str());
        let known = parsed.as_ref().and_then(|number| number.country().id());
        // The tables lag behind new ranges: under a code of ours alone they are at home all the same.
        let ours_alone = || DATABASE.region(&self.calling_code()).is_some_and(|regions| regions.len() == 1);
        match known {
            Some(country) => Country::parse(country.as_ref()).ok(),
            None if self.at_home(number.as_str()).is_some() && ours_alone() => Some(self.home),
            None => None,
        }
    }

    /// The beginning of numbers, as people type it: as dialled at home, or with `+` and a country's code.
    pub fn read_prefix(self, text: &str) -> Option<Prefix> {
        let plain: String = narrow(text).chars().filter(|c| !" -()".contains(*c)).collect();
        if plain.starts_with('+') {
            return Prefix::parse(&plain).ok();
        }
        let rest = plain.strip_prefix(self.national_prefix())?;
        Prefix::parse(&format!("+{}{rest}", self.calling_code())).ok().filter(|_| !rest.is_empty())
    }

    /// How a prefix is written here.
    pub fn show_prefix(self, prefix: &Prefix) -> String {
        match self.at_home(prefix.as_str()) {
            Some(rest) if !rest.is_empty() => format!("{}{rest}", self.national_prefix()),
            Some(_) | None => prefix.as_str().to_owned(),
        }
    }

    /// What dialling at home begins with: 0 in Japan, nothing where nothing is.
    fn national_prefix(self) -> &'static str {
        DATABASE.by_id(self.country.as_ref()).and_then(phonenumber::Metadata::national_prefix).unwrap_or_default()
    }

    /// What a telephone at another exchange dials for a number outside, where `prefix` gives it a line outside: with the
    /// prefix before it, or without. None if what follows the prefix, or all of it, is no number.
    pub fn outside(self, text: &str, prefix: &str) -> Option<ShownNumber> {
        let plain: String = narrow(text).chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        let behind = plain.strip_prefix(prefix);
        // Dialled at home, a number begins in a way of its own: that is what tells it from one with the prefix.
        let at_home =
            behind.filter(|rest| !self.national_prefix().is_empty() && rest.starts_with(self.national_prefix()));
        let read = |rest: Option<&str>| rest.and_then(|rest| self.read(rest));
        read(at_home).or_else(|| self.read(text)).or_else(|| read(behind))
    }

    /// What a telephone of our own country dials for a number outside its exchange: digits alone, where the plan says
    /// which; else E.164 with its `+`.
    pub fn dialled_at_home(self, number: &ShownNumber) -> String {
        if self.is_at_home(&number.e164) {
            return number.shown.chars().filter(char::is_ascii_digit).collect();
        }
        let metadata = DATABASE.by_id(self.country.as_ref());
        let pattern = metadata.and_then(phonenumber::Metadata::international_prefix);
        let e164 = number.e164.as_str();
        match pattern {
            Some(prefix) if prefix.as_str().bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("{}{}", prefix.as_str(), e164.trim_start_matches('+'))
            }
            // Elsewhere there are several, one for each carrier.
            Some(_) | None => e164.to_owned(),
        }
    }

    /// Whether the number has our own country's code.
    pub fn is_at_home(self, number: &E164) -> bool {
        self.at_home(number.as_str()).is_some()
    }

    /// What follows our own country's code.
    fn at_home(self, e164: &str) -> Option<&str> {
        e164.strip_prefix('+')?.strip_prefix(self.calling_code().to_string().as_str())
    }

    fn parse(self, text: &str) -> Option<PhoneNumber> {
        let plain = narrow(text);
        // The library also finds numbers inside of sentences; a destination is nothing but a number.
        let is_plain = plain.chars().all(|c| c.is_ascii_digit() || "+-() ./".contains(c));
        if !is_plain || plain.len() > 40 {
            return None;
        }
        let parsed = phonenumber::parse(Some(self.country), plain.trim()).ok()?;
        is_possible(&parsed).then_some(parsed)
    }

    fn shown(self, number: &PhoneNumber) -> Option<ShownNumber> {
        let e164 = E164::parse(&number.format().mode(Mode::E164).to_string()).ok()?;
        let at_home =
            DATABASE.by_id(self.country.as_ref()).is_some_and(|home| home.country_code() == number.code().value());
        let mode = if at_home { Mode::National } else { Mode::International };
        Some(ShownNumber { e164, shown: number.format().mode(mode).to_string() })
    }
}

/// Whether its length is one that numbers of its country have. Not whether the range is assigned: plans grow faster
/// than tables.
fn is_possible(number: &PhoneNumber) -> bool {
    let digits = number.national().to_string().len();
    let has_length = |metadata: &phonenumber::Metadata| {
        let kinds = metadata.descriptors();
        // The general description lists no lengths of its own.
        [
            kinds.fixed_line(),
            kinds.mobile(),
            kinds.toll_free(),
            kinds.premium_rate(),
            kinds.shared_cost(),
            kinds.personal_number(),
            kinds.voip(),
            kinds.pager(),
            kinds.uan(),
        ]
        .into_iter()
        .flatten()
        .any(|kind| kind.possible_length().iter().any(|length| usize::from(*length) == digits))
    };
    DATABASE.by_code(&number.code().value()).is_some_and(|plans| plans.into_iter().any(has_length))
}

/// The number with ASCII digits and signs, the hyphens of Japanese keyboards among them.
fn narrow(text: &str) -> String {
    half_width(text.trim())
        .chars()
        .map(|c| match c {
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' | '\u{FF70}' => '-',
            '\u{A0}' | '\t' => ' ',
            other => other,
        })
        .collect()
}

/// Full-width letters, digits and marks as their ASCII twins (U+FF01 to U+FF5E mirror U+0021 to U+007E): what a
/// Japanese keyboard left in full width is meant in half.
pub fn half_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{FF01}'..='\u{FF5E}' => u32::from(c).checked_sub(0xFEE0).and_then(char::from_u32).unwrap_or(c),
            '\u{3000}' => ' ',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(country: &str, text: &str) -> Option<(String, String)> {
        let read = NumberingPlan::of(country).unwrap().read(text)?;
        Some((read.e164.into(), read.shown))
    }

    #[test]
    fn a_japanese_number_is_read_in_every_spelling_people_use() {
        let mobile = Some(("+819012345678".to_owned(), "090-1234-5678".to_owned()));
        for text in [
            "09012345678",
            "090-1234-5678",
            " 090 1234 5678 ",
            "０９０－１２３４－５６７８",
            "０９０ー１２３４ー５６７８",
            "+81 90-1234-5678",
            "＋８１９０１２３４５６７８",
            "(090)1234-5678",
        ] {
            assert_eq!(read("JP", text), mobile, "{text}");
        }
        assert_eq!(read("JP", "0312345678"), Some(("+81312345678".to_owned(), "03-1234-5678".to_owned())));
    }

    #[test]
    fn a_number_from_abroad_is_shown_with_its_country_code() {
        assert_eq!(read("JP", "+82 2-312-3456"), Some(("+8223123456".to_owned(), "+82 2-312-3456".to_owned())));
        assert_eq!(read("KR", "010-1234-5678"), Some(("+821012345678".to_owned(), "010-1234-5678".to_owned())));
        let described = NumberingPlan::of("JP").unwrap().describe("+82 10-1234-5678");
        assert_eq!(described.country.as_deref(), Some("KR"));
    }

    #[test]
    fn text_that_is_no_number_is_none() {
        for text in ["", "+", "hello", "090", "call 09012345678", "0901234567890123456", "sip:09012345678@x", "１"] {
            assert_eq!(read("JP", text), None, "{text}");
        }
    }

    #[test]
    fn the_user_part_of_a_trunk_may_miss_its_plus() {
        let plan = NumberingPlan::of("JP").unwrap();
        for user in ["0312345678", "81312345678", "+81312345678", "+81312345678;phone-context=jp"] {
            assert_eq!(plan.read_dialled(user).unwrap().e164.as_str(), "+81312345678", "{user}");
        }
        assert_eq!(plan.read_dialled("desk"), None);
    }

    #[test]
    fn a_prefix_is_read_as_it_is_dialled_at_home_or_abroad() {
        let plan = NumberingPlan::of("JP").unwrap();
        for (text, prefix, shown) in [
            ("0990", "+81990", "0990"),
            ("＋８２", "+82", "+82"),
            ("+1 876", "+1876", "+1876"),
            ("0570-", "+81570", "0570"),
        ] {
            let read = plan.read_prefix(text).unwrap();
            assert_eq!((read.as_str(), plan.show_prefix(&read).as_str()), (prefix, shown), "{text}");
        }
        for text in ["", "0", "+", "82", "+0", "abc", "0abc"] {
            assert_eq!(plan.read_prefix(text), None, "{text}");
        }
    }

    #[test]
    fn a_short_number_is_kept_with_its_country_and_shown_as_dialled() {
        let plan = NumberingPlan::of("JP").unwrap();
        let police = plan.short("１１０").unwrap();
        assert_eq!((police.e164.as_str(), police.shown.as_str()), ("+81110", "110"));
        assert_eq!(plan.show(&police.e164), police);
        assert_eq!((plan.short("0312345678"), plan.short("")), (None, None));
    }

    #[test]
    fn a_number_within_another_exchange_is_dialled_as_it_stands() {
        let plan = NumberingPlan::of("JP").unwrap();
        let colleague = plan.internal("１００２").unwrap();
        assert_eq!((colleague.e164.as_str(), colleague.shown.as_str()), ("+811002", "1002"));
        assert_eq!(plan.show(&colleague.e164), colleague);
        for text in ["", "1", "123456789", "+1002", "10a2"] {
            assert_eq!(plan.internal(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_within_another_exchange_is_shown_as_it_was_dialled_from_2_to_8_digits() {
        for country in ["JP", "KR", "US"] {
            let plan = NumberingPlan::of(country).unwrap();
            for text in ["10", "99", "110", "1002", "20001", "200001", "2000001", "20000001"] {
                let kept = plan.internal(text).unwrap();
                assert_eq!(plan.show(&kept.e164), kept, "{country} {text}");
            }
        }
        // Where numbers outside are as short, they are written as people there write them.
        let singapore = NumberingPlan::of("SG").unwrap();
        assert_eq!(singapore.show(&E164::parse("+6561234567").unwrap()).shown, "6123 4567");
    }

    #[test]
    fn a_number_outside_another_exchange_is_read_with_its_prefix_and_without() {
        let outside = |country: &str, text: &str, prefix: &str| {
            NumberingPlan::of(country).unwrap().outside(text, prefix).map(|number| String::from(number.e164))
        };
        let tokyo = Some("+81312345678".to_owned());
        for (text, prefix) in [
            ("03-1234-5678", "0"),
            ("0-03-1234-5678", "0"),
            ("００３１２３４５６７８", "0"),
            ("03-1234-5678", "9"),
            ("9 03 1234 5678", "9"),
            ("+81 3 1234 5678", "0"),
            ("+81 3 1234 5678", "8"),
        ] {
            assert_eq!(outside("JP", text, prefix), tokyo, "{text} {prefix}");
        }
        assert_eq!(outside("JP", "0 010 82 2 312 3456", "0").as_deref(), Some("+8223123456"));
        assert_eq!(outside("US", "9 212 555 0123", "9").as_deref(), Some("+12125550123"));
        assert_eq!(outside("US", "212 555 0123", "9").as_deref(), Some("+12125550123"));
        for text in ["1002", "01002", "0", ""] {
            assert_eq!(outside("JP", text, "0"), None, "{text}");
        }
        for (country, text, dialled) in [
            ("JP", "03-1234-5678", "0312345678"),
            ("JP", "+82 2-312-3456", "0108223123456"),
            ("US", "+81 3-1234-5678", "01181312345678"),
            // 001, 002, 005 and more: of carriers.
            ("KR", "+81 3-1234-5678", "+81312345678"),
        ] {
            let plan = NumberingPlan::of(country).unwrap();
            assert_eq!(plan.dialled_at_home(&plan.read(text).unwrap()), dialled, "{country}");
        }
    }

    #[test]
    fn a_number_belongs_to_a_country_or_to_none() {
        let plan = NumberingPlan::of("JP").unwrap();
        let of = |text: &str| plan.country_of(&E164::parse(text).unwrap()).map(|country| country.to_string());
        assert_eq!(of("+81312345678").as_deref(), Some("JP"));
        assert_eq!(of("+8223123456").as_deref(), Some("KR"));
        assert_eq!(of("+18765551234").as_deref(), Some("JM"));
        assert_eq!(of("+88213123456"), None);
    }

    #[test]
    fn a_country_is_two_letters() {
        assert!(NumberingPlan::of("jp").is_ok());
        assert!(NumberingPlan::of("Japan").is_err());
    }
}
