//! What the slices do by themselves, beside what they are asked for.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{joins, sweep};
use crate::agents::Agents;
use crate::clock::Clock;
use crate::realtime::Hub;
use crate::routing::Router;
use crate::session::Sessions;
use crate::settings::SettingsService;
use crate::telephony::calls::{Calls, Inlets};
use crate::telephony::extensions;
use crate::telephony::sip_stack::RegistrationNews;
use crate::telephony::trunk::Trunks;

/// The slices that do something by themselves.
pub(super) struct Running {
    pub(super) clock: Clock,
    pub(super) hub: Hub,
    pub(super) agents: Agents,
    pub(super) settings: SettingsService,
    pub(super) sessions: Arc<Sessions>,
    pub(super) router: Router,
    pub(super) trunks: Trunks,
    pub(super) calls: Calls,
}

impl Running {
    /// Starts all of it, until `closing`; the end of the server waits for it.
    pub(super) fn start(
        self,
        inlets: Inlets,
        registrations: mpsc::UnboundedReceiver<RegistrationNews>,
        tasks: &TaskTracker,
        closing: &CancellationToken,
    ) {
        let Self { clock, hub, agents, settings, sessions, router, trunks, calls } = self;
        let stop = || closing.clone();
        tasks.spawn(router.clone().keep_shown(stop()));
        tasks.spawn(router.run(stop()));
        tasks.spawn(trunks.clone().run(registrations, stop()));
        let (lines, changes) = (Arc::new(settings.clone()), settings.changes());
        tasks.spawn(extensions::keep(agents.clone(), lines, trunks.clone(), clock.clone(), changes, stop()));
        tasks.spawn(calls.clone().run(inlets, stop()));
        tasks.spawn(calls.clone().keep_after_call_limits(stop()));
        tasks.spawn(joins::follow_call_rules(settings.clone(), agents, calls, stop()));
        tasks.spawn(joins::tell_of_lines(settings.clone(), trunks.changes(), hub, clock.clone(), stop()));
        tasks.spawn(joins::tell_trunks(settings, trunks, stop()));
        tasks.spawn(sweep(sessions, clock, stop()));
    }
}
