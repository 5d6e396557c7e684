//! The server's time and one shared second.
//!
//! All running times on the page are read from one signal that changes on the server's full seconds, so that they
//! step together; what is measured is always a difference of points in time, never a count of ticks, so that they
//! are right after the computer slept.

use core::time::Duration;

use domain::time::Timestamp;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;

/// The server's time as this page knows it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    second: RwSignal<Timestamp>,
    /// How far the server's clock is ahead of this computer's, in milliseconds.
    ahead_ms: StoredValue<i64>,
}

impl Clock {
    /// The server's time, changing once a second.
    pub fn second(self) -> Timestamp {
        self.second.get()
    }

    /// The server's time to the millisecond; not followed.
    pub fn now(self) -> Timestamp {
        Timestamp(local_ms().saturating_add(self.ahead_ms.get_value()))
    }

    /// How long ago `at` was, changing once a second.
    pub fn since(self, at: Timestamp) -> Duration {
        // Between a server's event and the next full second the shared second still lies before the event.
        self.second().since(at)
    }

    /// Takes the server's word for what time it is, half of the round trip after it said so.
    pub fn set(self, server_now: Timestamp, round_trip: Duration) {
        let half = round_trip / 2;
        self.ahead_ms.set_value(server_now.plus(half).0.saturating_sub(local_ms()));
        self.second.set(self.now());
    }

    fn tick(self) {
        let now = self.now();
        self.second.set(now);
        let to_next = u32::try_from(1000 - now.0.rem_euclid(1000)).unwrap_or(1000);
        // Runs for as long as the page lives.
        Timeout::new(to_next, move || self.tick()).forget();
    }
}

/// Starts the clock and makes it known to everything below; called once, where the desk is mounted.
pub fn provide_clock() -> Clock {
    let clock = Clock { second: RwSignal::new(Timestamp(local_ms())), ahead_ms: StoredValue::new(0) };
    clock.tick();
    // Hidden tabs tick once a minute at most: read right as soon as the page is seen again.
    let seen = window_event_listener_untyped("visibilitychange", move |_| clock.second.set(clock.now()));
    on_cleanup(move || seen.remove());
    provide_context(clock);
    clock
}

/// The shared clock.
///
/// # Panics
/// Where [`provide_clock`] was not called: a slip in the page's mount, seen on its first start.
pub fn use_clock() -> Clock {
    expect_context::<Clock>()
}

/// This computer's milliseconds since 1970.
#[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, below 2^53")]
fn local_ms() -> i64 {
    js_sys::Date::now() as i64
}

/// Milliseconds since the page was opened, never stepping back: for spans within this page.
pub fn page_ms() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}
