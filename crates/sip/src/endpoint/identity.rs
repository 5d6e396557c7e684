//! Who calls, and who says so (RFC 3323, RFC 3325). Each claim is handed on as what it is: whom to believe is for others.

use crate::api::{CallKey, Event, Identity};
use crate::message::body::{semicolons, session_description};
use crate::message::uri::Uri;
use crate::message::value::Address;
use crate::message::{Headers, Request};

use super::servers::Source;

pub(super) fn incoming(call: CallKey, request: &Request, source: Source) -> Event {
    let address = |name| request.headers.get(name).and_then(Address::parse);
    Event::Incoming {
        call,
        peer: source.from,
        transport: source.transport,
        request_user: Uri::parse(&request.uri).map(|uri| uri.user).unwrap_or_default(),
        to_user: address("To").map(|to| identity(&to).user).unwrap_or_default(),
        from: address("From").map(|from| identity(&from)).unwrap_or_default(),
        asserted: named(&request.headers, "P-Asserted-Identity"),
        preferred: named(&request.headers, "P-Preferred-Identity"),
        privacy: hides(&request.headers),
        offer: session_description(&request.headers, &request.body),
    }
}

/// RFC 3325 §9.1, §9.2: one value, or a `sip:` and a `tel:` one, of which that with a name says more. Anything else is
/// no assertion: two of a kind cannot both be the caller.
fn named(headers: &Headers, name: &str) -> Option<Identity> {
    let addresses: Vec<Address> = headers.list(name).map(Address::parse).collect::<Option<_>>()?;
    let count = |schemes: &[&str]| {
        let of = |address: &&Address| address.uri().is_some_and(|uri| schemes.contains(&uri.scheme.as_str()));
        addresses.iter().filter(of).count()
    };
    let (sip, tel) = (count(&["sip", "sips"]), count(&["tel"]));
    if sip > 1 || tel > 1 || sip + tel != addresses.len() {
        return None;
    }
    addresses.iter().map(identity).min_by_key(|identity| identity.display.is_none())
}

/// RFC 3323 §4.2, RFC 3325 §9.3.
fn hides(headers: &Headers) -> bool {
    let mut values = headers.all("Privacy").flat_map(|value| value.split(',')).flat_map(semicolons);
    values.any(|value| ["id", "user", "header"].iter().any(|known| value.eq_ignore_ascii_case(known)))
}

fn identity(address: &Address) -> Identity {
    let uri = address.uri();
    Identity {
        display: address.display.clone().filter(|name| !name.is_empty()),
        user: uri.as_ref().map(|uri| uri.user.clone()).unwrap_or_default(),
        host: uri.map(|uri| uri.host).unwrap_or_default(),
    }
}
