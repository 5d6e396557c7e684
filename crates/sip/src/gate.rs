//! The gate: what a message must be before any machine sees it (RFC 3261 §8.2, §16.3, §18.3; RFC 4475).
//!
//! A request with a fault gets its refusal here, where an answer is possible at all; a response with a fault and an ACK
//! with a fault are dropped. Nothing is remembered, so a flood of bad messages costs only its reading.

use crate::api::Transport;
use crate::message::parse::{Fault, Parsed, parse};
use crate::message::uri::Uri;
use crate::message::value::{self, Address, Via};
use crate::message::{Headers, Method, Request, Response};

/// Longest message that is read, in bytes: no datagram is longer.
const LONGEST: usize = 65_535;

/// Headers of which a message has at most one line with one value.
const SINGLETONS: [&str; 8] =
    ["From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type", "Expires"];

/// What is to be done with a message.
#[derive(Debug)]
pub(crate) enum Passed {
    /// Sound.
    Request(Box<Request>, Via),
    /// Sound.
    Response(Box<Response>, Via),
    /// To be answered with this status, statelessly.
    Refused(Box<Request>, Via, Fault),
    /// Nobody to answer.
    Dropped,
}

/// Examines one message.
pub(crate) fn examine(bytes: &[u8], transport: Transport) -> Passed {
    if bytes.len() > LONGEST {
        return Passed::Dropped;
    }
    match parse(bytes) {
        None => Passed::Dropped,
        Some(Parsed::Request(request, fault)) => examine_request(request, fault, transport),
        Some(Parsed::Response(response)) => examine_response(response),
    }
}

fn examine_request(mut request: Request, fault: Option<Fault>, transport: Transport) -> Passed {
    let Some(via) = top_via(&request.headers) else { return Passed::Dropped };
    let fault = fault.map_or_else(|| request_fault(&mut request, transport), Err);
    match fault {
        Ok(()) => Passed::Request(Box::new(request), via),
        // RFC 3261 §17.1.1.3: an ACK is never answered.
        Err(_) if request.method == Method::Ack => Passed::Dropped,
        Err(fault) => Passed::Refused(Box::new(request), via, fault),
    }
}

fn examine_response(mut response: Response) -> Passed {
    let Some(via) = top_via(&response.headers) else { return Passed::Dropped };
    let sound = common_fault(&response.headers).is_ok() && fit_body(&response.headers, &mut response.body).is_ok();
    if sound { Passed::Response(Box::new(response), via) } else { Passed::Dropped }
}

/// The first Via; of one that is unreadable at its end, its beginning, to have somewhere to answer to.
fn top_via(headers: &Headers) -> Option<Via> {
    let top = headers.list("Via").next()?;
    Via::parse(top).or_else(|| Via::parse(top.split(';').next()?))
}

fn request_fault(request: &mut Request, transport: Transport) -> Result<(), Fault> {
    let top = request.headers.list("Via").next().and_then(Via::parse);
    top.ok_or(Fault::bad("Unreadable Via"))?;
    common_fault(&request.headers)?;
    let (_, method) = request.headers.get("CSeq").and_then(value::cseq).ok_or(Fault::bad("Unreadable CSeq"))?;
    if method != request.method {
        return Err(Fault::bad("CSeq is of another method"));
    }
    let uri = Uri::parse(&request.uri).ok_or(Fault::bad("Unreadable Request-URI"))?;
    // RFC 3261 §19.1.1: no headers in a Request-URI.
    if uri.has_headers {
        return Err(Fault::bad("Request-URI with headers"));
    }
    if let Some(hops) = request.headers.get("Max-Forwards") {
        value::number::<u8>(hops).ok_or(Fault::bad("Max-Forwards is not 0 to 255"))?;
    }
    for contact in request.headers.list("Contact").filter(|contact| *contact != "*") {
        Address::parse(contact).ok_or(Fault::bad("Unreadable Contact"))?;
    }
    if request.method == Method::Invite && request.headers.list("Contact").count() > 1 {
        return Err(Fault::bad("More than one Contact"));
    }
    if transport.is_reliable() && request.headers.get("Content-Length").is_none() {
        return Err(Fault::bad("No Content-Length on a stream"));
    }
    fit_body(&request.headers, &mut request.body)
}

/// What holds for requests and responses alike.
fn common_fault(headers: &Headers) -> Result<(), Fault> {
    if SINGLETONS.into_iter().any(|name| headers.all(name).count() > 1) {
        return Err(Fault::bad("A header that may stand once stands twice"));
    }
    for name in ["From", "To"] {
        let value = headers.get(name).ok_or(Fault::bad("From or To is missing"))?;
        Address::parse(value).ok_or(Fault::bad("Unreadable From or To"))?;
    }
    headers.get("Call-ID").filter(|id| !id.is_empty()).ok_or(Fault::bad("Call-ID is missing"))?;
    headers.get("CSeq").and_then(value::cseq).ok_or(Fault::bad("Unreadable CSeq"))?;
    Ok(())
}

/// RFC 3261 §18.3: what is more than Content-Length is cut off, less is a fault.
fn fit_body(headers: &Headers, body: &mut Vec<u8>) -> Result<(), Fault> {
    let Some(length) = headers.get("Content-Length") else { return Ok(()) };
    let length = value::number::<usize>(length).ok_or(Fault::bad("Unreadable Content-Length"))?;
    if length > body.len() {
        return Err(Fault::bad("Body is shorter than Content-Length"));
    }
    body.truncate(length);
    Ok(())
}
