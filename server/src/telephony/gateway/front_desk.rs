//! Where offers of browsers are answered: beside the worker, on whose thread all calls' packets wait their turn.
//!
//! After a network comes back, all desks connect anew at once. What takes time in that (reading the offer, setting the
//! connection up) is done here, one after the other; the worker is handed a connection that is ready.

use std::net::SocketAddr;
use std::sync::Arc;

use str0m::config::DtlsCert;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::GatewayError;
use super::peer::Leg;
use crate::clock::Clock;

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct FrontDesk {
    candidates: Arc<[SocketAddr]>,
    /// Made once: each browser is told its fingerprint with the answer, and a new one for each connection would prove
    /// nothing more.
    certificate: Arc<Option<DtlsCert>>,
    clock: Clock,
    /// One at a time: live calls need the processors, too.
    turn: Arc<Semaphore>,
}

impl FrontDesk {
    pub(super) fn new(candidates: Vec<SocketAddr>) -> Self {
        let certificate = str0m::crypto::from_feature_flags().dtls_provider.generate_certificate();
        Self {
            candidates: candidates.into(),
            certificate: Arc::new(certificate),
            clock: Clock::system(),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Answers a browser's offer with a connection that waits for it.
    pub(super) async fn answer(&self, offer: String) -> Result<(Leg, String), GatewayError> {
        // It is closed by nobody.
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(|_| GatewayError::Stopped)?;
        let desk = self.clone();
        let answered = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let certificate = desk.certificate.as_ref().clone();
            Leg::answer(&offer, &desk.candidates, certificate, Uuid::new_v4().as_u128(), desk.clock.instant())
        });
        answered.await.map_err(|_| GatewayError::Stopped)?
    }
}
