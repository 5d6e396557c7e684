//! The demo's customer page: a simulated phone that a newcomer plays the customer with. In demo mode only;
//! otherwise every function answers [`ApiError::NotFound`].

use domain::time::Timestamp;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::error::ApiResult;

/// The simulated customer's phone, as its page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Phone {
    /// What it is doing.
    pub state: PhoneState,
    /// What comes out of its earpiece.
    pub hears: Hears,
    /// Level of what it hears, dBFS, −90 (silence) to 0.
    pub level_db: f32,
    /// The numbers that can be rung.
    pub desk_numbers: Vec<String>,
    /// The own numbers on offer: a known and an unknown one; any other can be typed.
    pub own_numbers: Vec<String>,
    /// The last call's end in SIP words: `486 Busy Here`.
    pub last_end: Option<String>,
}

/// What the phone is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneState {
    /// Nothing.
    Idle,
    /// The customer rings the desk.
    Calling {
        /// Since when.
        since: Timestamp,
        /// Whether it rings there.
        ringing: bool,
    },
    /// The desk rings the customer.
    Ringing {
        /// The number shown.
        from: String,
        /// Since when.
        since: Timestamp,
    },
    /// They talk.
    Talking {
        /// Since when.
        since: Timestamp,
    },
}

/// What comes out of the earpiece, recognised from the sound itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hears {
    /// 無音
    Silence,
    /// 呼出音
    Ringback,
    /// 保留音
    Music,
    /// オペレーターの声
    Voice,
}

/// What the customer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Rings the desk.
    Call {
        /// The own number, as typed; empty withholds it.
        from: String,
        /// One of the desk's numbers.
        to: String,
    },
    /// Accepts the desk's call.
    Answer,
    /// Refuses it with a SIP status: 486 busy, 603 declined, 404 unknown.
    Refuse {
        /// 400–699.
        status: u16,
    },
    /// Hangs up, or gives up ringing.
    HangUp,
    /// Speaks (a self-made clip, over and over) or is silent.
    Speak {
        /// Whether sound goes out.
        on: bool,
    },
}

/// What the server does behind these functions.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait DemoPort: Send + Sync {
    /// The phone now.
    async fn phone(&self) -> ApiResult<Phone>;
    /// What the customer does.
    async fn act(&self, act: Act) -> ApiResult<Phone>;
}

#[cfg(feature = "ssr")]
use crate::context::port;

/// The phone now; asked twice a second by the page.
///
/// # Errors
/// [`ApiError::NotFound`] outside demo mode.
#[server(name = PhoneFn, prefix = "/api", endpoint = "demo/phone", input = Json, output = Json)]
pub async fn phone() -> Result<Phone, ApiError> {
    port::<dyn DemoPort>().map_err(|_| ApiError::NotFound)?.phone().await
}

/// What the customer does.
///
/// # Errors
/// [`ApiError::NotFound`] outside demo mode, [`ApiError::Invalid`] for a number that cannot be.
#[server(name = ActFn, prefix = "/api", endpoint = "demo/act", input = Json, output = Json)]
pub async fn act(
    /// What the customer does.
    act: Act,
) -> Result<Phone, ApiError> {
    port::<dyn DemoPort>().map_err(|_| ApiError::NotFound)?.act(act).await
}
