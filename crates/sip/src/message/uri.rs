//! `sip:`, `sips:` and `tel:` URIs (RFC 3261 §19.1, RFC 3966).

use std::net::{IpAddr, SocketAddr};

use super::value::Params;

/// A URI taken apart. Of a scheme we do not know only the name is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uri {
    /// In small letters.
    pub(crate) scheme: String,
    /// Unescaped, without password. The number of a `tel:` URI.
    pub(crate) user: String,
    /// Without brackets.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) params: Params,
    /// Are there headers after `?`.
    pub(crate) has_headers: bool,
}

impl Uri {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let alphabetic = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
        if !alphabetic || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')) {
            return None;
        }
        if rest.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"')) {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        match scheme.as_str() {
            "sip" | "sips" => Self::sip(scheme, rest),
            "tel" => Self::tel(scheme, rest),
            _ => Some(Self::opaque(scheme)),
        }
    }

    fn sip(scheme: String, rest: &str) -> Option<Self> {
        // Neither host, parameters nor headers may hold a bare `@`: the last one ends the user part.
        let (user, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let user = user.split(':').next().unwrap_or_default();
        let (rest, headers) = rest.split_once('?').map_or((rest, None), |(rest, headers)| (rest, Some(headers)));
        let (host_port, params) = rest.split_once(';').map_or((rest, ""), |(host, params)| (host, params));
        let (host, port) = host_port_of(host_port)?;
        let params = if params.is_empty() { Params::default() } else { Params::parse(params)? };
        Some(Self { scheme, user: unescaped(user), host, port, params, has_headers: headers.is_some() })
    }

    fn tel(scheme: String, rest: &str) -> Option<Self> {
        let (number, params) = rest.split_once(';').unwrap_or((rest, ""));
        let params = if params.is_empty() { Params::default() } else { Params::parse(params)? };
        let uri = Self { params, user: unescaped(number), ..Self::opaque(scheme) };
        (!number.is_empty()).then_some(uri)
    }

    fn opaque(scheme: String) -> Self {
        Self {
            scheme,
            user: String::new(),
            host: String::new(),
            port: None,
            params: Params::default(),
            has_headers: false,
        }
    }

    /// Where it leads, if that can be said without a resolver.
    pub(crate) fn socket_addr(&self) -> Option<SocketAddr> {
        let ip: IpAddr = self.host.parse().ok()?;
        let usable = !ip.is_unspecified() && !ip.is_multicast() && self.port != Some(0);
        usable.then(|| SocketAddr::new(ip, self.port.unwrap_or(5060)))
    }
}

/// `host[:port]`, the host possibly an IPv6 address in brackets. White space around the colon as in Via.
pub(crate) fn host_port_of(text: &str) -> Option<(String, Option<u16>)> {
    let text = text.trim();
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        let rest = rest.trim();
        (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host.trim(), Some(port)),
            None => (text, None),
        }
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '%');
    if host.is_empty() || !host.chars().all(plain) {
        return None;
    }
    let port = match port {
        Some(port) => Some(super::value::number::<u16>(port.trim())?),
        None => None,
    };
    Some((host.to_owned(), port))
}

/// `%41` becomes `A`. What is not an escape stays as it is.
pub(crate) fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| std::str::from_utf8(after.get(..2)?).ok()).flatten();
        let escaped = escaped.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if let Some(byte) = escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_taken_apart() {
        let uri = Uri::parse("sip:%2B81-3;ext=1:secret@[2001:db8::1]:5070;transport=tcp;lr?Subject=x").unwrap();
        assert_eq!((uri.user.as_str(), uri.host.as_str(), uri.port), ("+81-3;ext=1", "2001:db8::1", Some(5070)));
        assert_eq!(uri.params.get("transport"), Some("tcp"));
        assert!(uri.params.has("lr") && uri.has_headers);
        assert_eq!(Uri::parse("TEL:+81312345678;phone-context=x").unwrap().user, "+81312345678");
        assert_eq!(Uri::parse("sip:192.0.2.1").unwrap().socket_addr(), Some("192.0.2.1:5060".parse().unwrap()));
        assert_eq!(Uri::parse("sip:0.0.0.0:5060").unwrap().socket_addr(), None);
        for bad in ["", "sip:", "sip:a@", "sip:a b@c", "<sip:a@b>", "sip:a@b:70000", "sip:a@b:", "sip:a@b;;x", "1:x"] {
            assert_eq!(Uri::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn escapes_that_are_none_stay() {
        assert_eq!(unescaped("%Z%45%4"), "%ZE%4");
        assert_eq!(unescaped("%+1"), "%+1");
    }
}
