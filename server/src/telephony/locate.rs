//! Where a trunk's servers are (RFC 3263): its name asked for services first, then for addresses.
//!
//! The trunk's settings say the transport, so that no NAPTR is asked for (§4.1). A port in the settings says that there
//! is one server and where; without one `_sip._udp`, `_sip._tcp` or `_sips._tcp` of the name tell which there are, and in
//! which order they want to be tried (RFC 2782).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use wire::settings::TrunkTransport;

/// How long a name server has.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the name service.
#[derive(Clone)]
pub struct Names {
    /// For services. The system's own functions ask for addresses only.
    services: Option<TokioResolver>,
    /// Whether it is asked for addresses too, instead of the system, which knows its hosts file.
    alone: bool,
}

/// What the name service said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Where to go, in this order; never empty.
    pub addresses: Vec<SocketAddr>,
    /// Whether services were asked for in vain because nobody answered: what was known before is then better.
    pub uncertain: bool,
}

impl Names {
    /// Asks whom the system asks.
    pub fn of_system() -> Self {
        let services = TokioResolver::builder_tokio().and_then(|mut builder| {
            builder.options_mut().timeout = PATIENCE;
            builder.build()
        });
        let services = services
            .inspect_err(|error| tracing::warn!(%error, "no name server is known: a trunk's port must be set up"))
            .ok();
        Self { services, alone: false }
    }

    /// Asks this name server alone.
    pub fn at(server: SocketAddr) -> Self {
        let mut connection = ConnectionConfig::udp();
        connection.port = server.port();
        let server = NameServerConfig::new(server.ip(), true, vec![connection]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let services = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build();
        Self { services: services.ok(), alone: true }
    }

    /// The servers of a host.
    ///
    /// # Errors
    /// The name service knows no address, in its own words.
    pub async fn locate(&self, host: &str, port: Option<u16>, transport: TrunkTransport) -> Result<Located, String> {
        let sure = |addresses| Located { addresses, uncertain: false };
        let usual = match transport {
            TrunkTransport::Udp | TrunkTransport::Tcp => 5060,
            TrunkTransport::Tls => 5061,
        };
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(sure(vec![SocketAddr::new(address, port.unwrap_or(usual))]));
        }
        if let Some(port) = port {
            return self.addresses(host, port).await.map(sure);
        }
        let (services, uncertain) = self.services(host, transport).await;
        let mut found = Vec::new();
        for service in in_order(services, chance) {
            // One server that is not to be found is what the others are there for.
            match self.addresses(&service.target, service.port).await {
                Ok(addresses) => found.extend(addresses),
                Err(error) => tracing::warn!(host, server = %service.target, %error, "a trunk's server has no address"),
            }
        }
        if found.is_empty() {
            // RFC 3263 §4.2: no service, so the name itself and the usual port.
            found = self.addresses(host, usual).await?;
        }
        found.dedup();
        Ok(Located { addresses: found, uncertain })
    }

    async fn services(&self, host: &str, transport: TrunkTransport) -> (Vec<Service>, bool) {
        let service = match transport {
            TrunkTransport::Udp => "_sip._udp",
            TrunkTransport::Tcp => "_sip._tcp",
            TrunkTransport::Tls => "_sips._tcp",
        };
        let Some(resolver) = &self.services else { return (Vec::new(), false) };
        match resolver.srv_lookup(format!("{service}.{}.", host.trim_end_matches('.'))).await {
            Ok(lookup) => {
                let services = lookup.answers().iter().filter_map(|record| {
                    let RData::SRV(srv) = &record.data else { return None };
                    Some(Service {
                        priority: srv.priority,
                        weight: srv.weight,
                        port: srv.port,
                        target: srv.target.to_utf8(),
                    })
                });
                // RFC 2782: the root as target says that there is no such service.
                (services.filter(|service| service.target != ".").collect(), false)
            }
            Err(error) if error.is_no_records_found() => (Vec::new(), false),
            Err(error) => {
                tracing::warn!(host, %error, "the name service could not be asked which servers a trunk has");
                (Vec::new(), true)
            }
        }
    }

    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        if let (true, Some(resolver)) = (self.alone, &self.services) {
            let host = format!("{}.", host.trim_end_matches('.'));
            let lookup = resolver.lookup_ip(host).await.map_err(|error| error.to_string())?;
            return Ok(lookup.iter().map(|address| SocketAddr::new(address, port)).collect());
        }
        let found = tokio::net::lookup_host((host.trim_end_matches('.'), port)).await;
        found.map(Iterator::collect).map_err(|error| error.to_string())
    }
}

/// One server of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Service {
    priority: u16,
    weight: u16,
    port: u16,
    target: String,
}

/// RFC 2782: the lowest priority first; within one, each next server is drawn by weight. `draw` gives a number of 0 to
/// its argument, both allowed.
fn in_order(mut services: Vec<Service>, mut draw: impl FnMut(u32) -> u32) -> Vec<Service> {
    // Those without weight first, so that they have a chance at all.
    services.sort_by_key(|service| (service.priority, service.weight));
    let mut ordered = Vec::with_capacity(services.len());
    while let Some(priority) = services.first().map(|service| service.priority) {
        let weights = services.iter().take_while(|service| service.priority == priority);
        let weights: Vec<u32> = weights.map(|service| u32::from(service.weight)).collect();
        let drawn = draw(weights.iter().sum());
        let mut sum = 0;
        let chosen = weights.iter().position(|weight| {
            sum += weight;
            sum >= drawn
        });
        ordered.push(services.remove(chosen.unwrap_or(0)));
    }
    ordered
}

fn chance(most: u32) -> u32 {
    let number = uuid::Uuid::new_v4().as_u64_pair().1 % (u64::from(most) + 1);
    u32::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(priority: u16, weight: u16, target: &str) -> Service {
        Service { priority, weight, port: 5060, target: target.to_owned() }
    }

    #[test]
    fn the_lower_priority_is_tried_first_and_weights_share_within_one() {
        let all = || vec![service(20, 0, "spare"), service(10, 60, "large"), service(10, 20, "small")];
        let targets = |draw: u32| -> Vec<String> {
            in_order(all(), |most| draw.min(most)).into_iter().map(|service| service.target).collect()
        };
        assert_eq!(targets(0), ["small", "large", "spare"]);
        assert_eq!(targets(20), ["small", "large", "spare"]);
        assert_eq!(targets(21), ["large", "small", "spare"]);
        assert_eq!(targets(80), ["large", "small", "spare"]);
        let firsts = (0..=80).filter(|drawn| targets(*drawn)[0] == "large").count();
        assert_eq!(firsts, 60, "three of four");
    }

    #[tokio::test]
    async fn an_address_is_asked_of_nobody() {
        let nobody = Names { services: None, alone: false };
        let located = nobody.locate("192.0.2.1", None, TrunkTransport::Tls).await.unwrap();
        assert_eq!(located.addresses, ["192.0.2.1:5061".parse().unwrap()]);
        let located = nobody.locate("2001:db8::1", Some(5070), TrunkTransport::Udp).await.unwrap();
        assert_eq!(located.addresses, ["[2001:db8::1]:5070".parse().unwrap()]);
    }
}
