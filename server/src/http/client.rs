//! Who is at the other end: the connection's own address, or the one that a trusted proxy names.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

use super::Edge;

/// The connection's own other end; put into each request by `serve`.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// The address that a request comes from, as far as we believe it. None only in tests without a connection.
#[derive(Clone, Copy, Debug)]
pub struct Client(pub Option<IpAddr>);

/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default)]
pub struct Proxies(pub Vec<IpNet>);

impl Proxies {
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The last address in the chain that no trusted proxy vouches away: what stands before it, anybody can write.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let named: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        let mut client = peer;
        for name in named.iter().rev() {
            if !self.trusts(client) {
                break;
            }
            let Ok(address) = name.trim().parse() else { break };
            client = address;
        }
        client
    }
}

pub(super) async fn find(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    let client = peer.map(|peer| edge.proxies.client(peer, request.headers()));
    request.extensions_mut().insert(Client(client));
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &str) -> String {
        let proxies = Proxies(vec!["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_forwarded_address_is_believed_from_a_trusted_proxy_only() {
        assert_eq!(seen("10.0.0.1", "192.0.2.9"), "192.0.2.9");
        assert_eq!(seen("198.51.100.1", "192.0.2.9"), "198.51.100.1");
    }

    #[test]
    fn what_a_visitor_wrote_in_front_of_the_chain_is_not_believed() {
        assert_eq!(seen("10.0.0.1", "127.0.0.1, 192.0.2.9, 10.0.0.2"), "192.0.2.9");
        assert_eq!(seen("10.0.0.1", "nonsense"), "10.0.0.1");
    }
}
