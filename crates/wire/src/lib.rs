//! What crosses the network between the desk and the server: server functions, events, ports.
//!
//! Compiled into the client and into the server. With the feature `ssr` the server functions have bodies,
//! each of which only finds its port in the context and calls it; what a port does, and who may do it, is
//! the server's. This crate never knows axum, SQL or a vendor's wire format.

pub mod customers;
pub mod demo;
pub mod drafts;
pub mod error;
pub mod events;
pub mod inquiries;
pub mod interactions;
pub mod record_files;
pub mod records;
pub mod relays;
pub mod session;
pub mod settings;
pub mod telephony;
pub mod tolls;

pub use error::{ApiError, ApiResult, FieldError, Problem};

/// What each server function does first: who asks, and which port answers.
#[cfg(feature = "ssr")]
mod context {
    use std::sync::Arc;

    use leptos::prelude::use_context;

    use crate::error::ApiError;
    use crate::session::Actor;

    /// The port of the slice, as `startup` put it into the context.
    pub(crate) fn port<P: ?Sized + 'static>() -> Result<Arc<P>, ApiError>
    where
        Arc<P>: Send + Sync + Clone,
    {
        use_context::<Arc<P>>().ok_or(ApiError::Server)
    }

    /// Who asks; refused when nobody is signed in.
    pub(crate) fn actor() -> Result<Actor, ApiError> {
        use_context::<Option<Actor>>().flatten().ok_or(ApiError::SignedOut)
    }
}
