//! Header values that have a grammar: addresses, Via, parameters, lists, `CSeq` (RFC 3261 §25.1).

use crate::api::NameAddr;

use super::Method;
use super::uri::{self, Uri};

/// `;name=value;name` in order. Names compare without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, Option<String>)>);

impl Params {
    /// Without the leading semicolon. `None`: an empty or misspelled parameter.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        split_outside_quotes(text, ';')
            .into_iter()
            .map(|param| {
                let (name, value) =
                    param.split_once('=').map_or((param, None), |(name, value)| (name, Some(value.trim())));
                let name = name.trim();
                let spelled = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || matches!(c, ',' | '"'));
                spelled.then(|| (name.to_owned(), value.map(unquoted)))
            })
            .collect::<Option<Vec<_>>>()
            .map(Self)
    }

    /// The value; empty for a parameter without.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_deref().unwrap_or(""))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// From, To, Contact, Route and their kin: a name, a URI, parameters of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) display: Option<String>,
    /// As written, without angle brackets.
    pub(crate) uri: String,
    pub(crate) params: Params,
}

impl Address {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let Some((name, rest)) = split_at_angle(text)? else { return Self::bare(text) };
        let (uri, params) = rest.split_once('>')?;
        let params = params.trim();
        let params = match params.strip_prefix(';') {
            Some(params) => Params::parse(params)?,
            None if params.is_empty() => Params::default(),
            None => return None,
        };
        Uri::parse(uri)?;
        Some(Self { display: display(name.trim())?, uri: uri.to_owned(), params })
    }

    /// Without angle brackets every parameter belongs to the header, and a URI with `?` or `,` is not allowed
    /// (RFC 3261 §20.10).
    fn bare(text: &str) -> Option<Self> {
        let (uri, params) = text.split_once(';').map_or((text, None), |(uri, params)| (uri, Some(params)));
        let uri = uri.trim();
        Uri::parse(uri).filter(|_| !uri.contains(['?', ',']))?;
        let params = params.map_or(Some(Params::default()), Params::parse)?;
        Some(Self { display: None, uri: uri.to_owned(), params })
    }

    pub(crate) fn uri(&self) -> Option<Uri> {
        Uri::parse(&self.uri)
    }
}

impl std::fmt::Display for NameAddr {
    /// As in a header, without tag.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let uri = line(&self.uri).replace(['<', '>'], "");
        match self.display.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => write!(f, "\"{}\" <{uri}>", line(name).replace('\\', "\\\\").replace('"', "\\\"")),
            None => write!(f, "<{uri}>"),
        }
    }
}

/// Text that is to stand in one header line: whatever would end the line becomes a space.
pub(crate) fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Splits before `<`, outside quotes. `None`: quotes do not balance; `Some(None)`: there is no `<`.
#[expect(clippy::option_option, reason = "unbalanced and absent are different answers, and both are used up at once")]
fn split_at_angle(text: &str) -> Option<Option<(&str, &str)>> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => return Some(text.get(..at).zip(text.get(at + 1..))),
            _ => {}
        }
    }
    if quoted { None } else { Some(None) }
}

#[expect(clippy::option_option, reason = "misspelled and absent are different answers, and both are used up at once")]
fn display(text: &str) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    if text.starts_with('"') {
        let balanced = text.len() >= 2 && text.ends_with('"');
        return balanced.then(|| Some(unquoted(text)));
    }
    // More than the grammar's tokens, as letters outside ASCII are met in the field; but nothing that has a meaning here.
    let plain = !text.contains([',', ';', ':', '"', '>', '@', '\\']);
    plain.then(|| Some(text.to_owned()))
}

/// `"a \"b\""` becomes `a "b"`; anything unquoted stays.
pub(crate) fn unquoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return text.to_owned() };
    let mut result = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            result.push(c);
        }
    }
    result
}

/// Splits a list header into its values, outside quotes and angle brackets (RFC 3261 §7.3.1).
pub(crate) fn split_commas(text: &str) -> Vec<&str> {
    split_outside_quotes(text, ',')
}

pub(crate) fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => angle = true,
            '>' if !quoted => angle = false,
            _ if c == separator && !quoted && !angle => {
                parts.push(text.get(from..at).unwrap_or_default().trim());
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(from..).unwrap_or_default().trim());
    parts
}

/// One Via value (RFC 3261 §20.42).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Via {
    /// In capitals.
    pub(crate) transport: String,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) params: Params,
}

impl Via {
    /// The version is not looked at: that of the start line counts, and the answer to a wrong one needs its Via.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('/')?;
        let (_version, rest) = rest.split_once('/')?;
        if !name.trim().eq_ignore_ascii_case("SIP") {
            return None;
        }
        let (transport, rest) = rest.trim().split_once(char::is_whitespace)?;
        let (sent_by, params) = rest.split_once(';').map_or((rest, None), |(by, params)| (by, Some(params)));
        let (host, port) = uri::host_port_of(sent_by)?;
        let params = params.map_or(Some(Params::default()), Params::parse)?;
        Some(Self { transport: transport.to_ascii_uppercase(), host, port, params })
    }

    /// A branch by RFC 3261 (not 2543): unique to its transaction (§8.1.1.7).
    pub(crate) fn branch(&self) -> Option<&str> {
        self.params.get("branch").filter(|branch| branch.len() > 7 && branch.starts_with("z9hG4bK"))
    }
}

/// `4711 INVITE`. The number is below 2^31 (RFC 3261 §8.1.1.5).
pub(crate) fn cseq(text: &str) -> Option<(u32, Method)> {
    let mut words = text.split_whitespace();
    let (digits, method) = (words.next()?, words.next()?);
    let value = number::<u32>(digits).filter(|value| *value < 1 << 31)?;
    words.next().is_none().then(|| (value, Method::new(method)))
}

/// Digits only: `+5`, `-0` and the empty text are no numbers here.
pub(crate) fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// RFC 3261 §25.1 `token`.
pub(crate) fn is_token(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    !text.is_empty() && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let address = Address::parse(r#""A, \"B\"" <sip:a@b;x=1>;tag=7;y"#).unwrap();
        assert_eq!(address.display.as_deref(), Some("A, \"B\""));
        assert_eq!((address.uri.as_str(), address.params.get("tag")), ("sip:a@b;x=1", Some("7")));
        let bare = Address::parse("sip:a@b ; tag = 7").unwrap();
        assert_eq!((bare.uri.as_str(), bare.params.get("TAG")), ("sip:a@b", Some("7")));
        assert_eq!(Address::parse("田中 <sip:a@b>").unwrap().display.as_deref(), Some("田中"));
        for bad in ["\"A <sip:a@b>", "A, B <sip:a@b>", "< sip:a@b >", "sip:a@b?x=y", "<sip:a@b>x", "<sip:a@b", ""] {
            assert_eq!(Address::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_name_cannot_end_its_header_line() {
        let name = NameAddr { display: Some("x\"\r\nEvil: 1\\".into()), uri: "sip:a@b>\r\nEvil: 2".into() };
        assert_eq!(name.to_string(), "\"x\\\"  Evil: 1\\\\\" <sip:a@b  Evil: 2>");
    }

    #[test]
    fn vias_are_taken_apart() {
        let via =
            Via::parse("SIP  / 2.0  / TCP     spindle.example.com  : 5070 ; branch  =   z9hG4bK9ikj8 ;rport").unwrap();
        assert_eq!(
            (via.host.as_str(), via.port, via.branch()),
            ("spindle.example.com", Some(5070), Some("z9hG4bK9ikj8"))
        );
        assert_eq!(via.params.get("rport"), Some(""));
        for bad in ["SIP/2.0/UDP", "SIP/2.0/UDP 192.0.2.15;;,;,,", "SIP/2.0/UDP a:x"] {
            assert_eq!(Via::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn sequence_numbers_end_below_two_to_the_31() {
        assert_eq!(cseq("0009 INVITE"), Some((9, Method::Invite)));
        assert_eq!(cseq("2147483647 BYE"), Some((2_147_483_647, Method::Bye)));
        for bad in ["2147483648 BYE", "36893488147419103232 REGISTER", "+1 BYE", "1", "1 BYE x", ""] {
            assert_eq!(cseq(bad), None, "{bad}");
        }
    }
}
