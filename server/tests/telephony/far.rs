//! A far end of few words, for what sipp cannot play: two servers of one trunk, TLS, messages as they are.

use std::net::SocketAddr;

use hickory_resolver::proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UdpSocket;

use super::floor::LOOPBACK;

/// The value of a header, by the name that we write it with.
pub(crate) fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// An answer to a request of ours (RFC 3261 §8.2.6), without a body.
pub(crate) fn answer(request: &str, status: &str) -> String {
    let copied = ["Via", "From", "To", "Call-ID", "CSeq"].map(|name| {
        let value = header(request, name).unwrap();
        let tag = if name == "To" && !value.contains(";tag=") { ";tag=far" } else { "" };
        format!("{name}: {value}{tag}\r\n")
    });
    let contact = header(request, "Contact").filter(|_| request.starts_with("REGISTER"));
    let contact = contact.map(|contact| format!("Contact: {contact};expires=300\r\n")).unwrap_or_default();
    format!("SIP/2.0 {status}\r\n{}{contact}Content-Length: 0\r\n\r\n", copied.concat())
}

/// The next message of a stream; none at its end.
pub(crate) async fn next_message(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut message = Vec::new();
    while !message.ends_with(b"\r\n\r\n") {
        message.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(message).unwrap();
    let mut body = vec![0; header(&head, "Content-Length").unwrap().parse().unwrap()];
    stream.read_exact(&mut body).await.ok()?;
    Some(head + &String::from_utf8(body).unwrap())
}

/// Answers every request of a stream, and gives all of them at its end.
pub(crate) async fn answer_all(mut stream: impl AsyncRead + AsyncWrite + Unpin, status: &str) -> Vec<String> {
    let mut requests = Vec::new();
    while let Some(request) = next_message(&mut stream).await {
        if !request.starts_with("ACK") {
            stream.write_all(answer(&request, status).as_bytes()).await.unwrap();
        }
        requests.push(request);
    }
    requests
}

/// A name server that knows the services given as (name, priority, port, target), and for every other name the loopback
/// address. Runs until the test ends.
pub(crate) async fn name_server(services: &[(&str, u16, u16, &str)]) -> SocketAddr {
    let socket = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let name = |text: &str| Name::from_utf8(text).unwrap();
    let services: Vec<_> = services
        .iter()
        .map(|(of, priority, port, target)| (name(of), SRV::new(*priority, 0, *port, name(target))))
        .collect();
    tokio::spawn(async move {
        let mut datagram = [0; 2048];
        loop {
            let (length, from) = socket.recv_from(&mut datagram).await.unwrap();
            let asked = Message::from_vec(&datagram[..length]).unwrap();
            let query = asked.queries[0].clone();
            let mut told = Message::new(asked.metadata.id, MessageType::Response, OpCode::Query);
            told.metadata.recursion_available = true;
            told.metadata.response_code = ResponseCode::NoError;
            let wanted = query.query_type();
            if wanted == RecordType::SRV {
                for (of, service) in services.iter().filter(|(of, _)| of == query.name()) {
                    told.add_answer(Record::from_rdata(of.clone(), 60, RData::SRV(service.clone())));
                }
            } else if wanted == RecordType::A {
                let here = RData::A(A::new(127, 0, 0, 1));
                told.add_answer(Record::from_rdata(query.name().clone(), 60, here));
            }
            told.add_query(query);
            socket.send_to(&told.to_vec().unwrap(), from).await.unwrap();
        }
    });
    address
}
