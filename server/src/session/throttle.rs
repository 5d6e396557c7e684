//! The brake on guessing: how many wrong tries count, for an account and for an address, on all nodes together.
//!
//! An account has one budget for all strangers together, and another for each address that it was signed in to from of
//! late: whoever guesses from elsewhere cannot lock out the one whose account it is.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use domain::ids::UserId;
use domain::time::Timestamp;

use super::cookie::sha256;
use super::store::tries;
use crate::db::{DbError, Tx};

/// A try counts for this long.
const WINDOW: Duration = Duration::from_mins(15);
/// Wrong tries for one account within the window, from all unfamiliar addresses together, and again from each familiar
/// one.
const PER_ACCOUNT: usize = 10;
/// Wrong tries from one address within the window: an office behind one address makes honest mistakes too.
const PER_ADDRESS: usize = 50;
/// An address from which the account was signed in to stays familiar for this long.
const FAMILIAR: Duration = Duration::from_hours(30 * 24);

/// What a try counts against.
#[derive(Clone, Debug)]
pub(super) struct Key {
    name: String,
    most: usize,
}

/// What became of a try that is about to be made.
#[derive(Debug)]
pub(super) enum Counted {
    /// It may be made, and counts against these until it turns out right.
    Tried(Vec<Key>),
    /// It must not be made.
    Braked {
        /// Until the next may be.
        wait: Duration,
        /// Whether it is the first to be braked within the window: the others are not worth a line each.
        first: bool,
    },
}

/// Counts a try to sign in before it is made, so that tries made at once cannot pass together. A braked one does not
/// count.
///
/// The address comes first: one that is braked leaves nothing behind for the accounts it names. The keys are always
/// held in this order, so that two tries never wait for each other in a circle.
pub(super) async fn count_sign_in(
    tx: &mut Tx,
    login: String,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<Counted, DbError> {
    let mut keys = Vec::new();
    // A login that nobody has may be a password typed into the wrong field: it can be recognised, not read.
    let named = sha256(&login);
    let mut account = format!("account:{named}");
    if let Some(address) = address {
        let block = household(address).to_string();
        keys.push(Key { name: format!("address:{block}"), most: PER_ADDRESS });
        if tries::is_familiar(tx, &login, &block, now, FAMILIAR).await? {
            account = format!("account:{named} at {block}");
        }
    }
    keys.push(Key { name: account, most: PER_ACCOUNT });
    count(tx, keys, now).await
}

/// Counts a try to change the own password: strangers cannot use up this budget.
pub(super) async fn count_change(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<Counted, DbError> {
    count(tx, vec![Key { name: format!("change:{user}"), most: PER_ACCOUNT }], now).await
}

async fn count(tx: &mut Tx, keys: Vec<Key>, now: Timestamp) -> Result<Counted, DbError> {
    let mut counted = Vec::new();
    for Key { name, most } in &keys {
        let mut tries = counting(tx, name, now).await?;
        if let (true, Some(oldest)) = (tries.len() >= *most, tries.first()) {
            let wait = WINDOW.saturating_sub(now.since(*oldest));
            let noted = format!("noted:{name}");
            let first = counting(tx, &noted, now).await?.is_empty();
            if first {
                tries::keep(tx, noted, &[now]).await?;
            }
            return Ok(Counted::Braked { wait, first });
        }
        tries.push(now);
        counted.push((name.clone(), tries));
    }
    for (name, tries) in counted {
        tries::keep(tx, name, &tries).await?;
    }
    Ok(Counted::Tried(keys))
}

/// The tries of a key that still count; holds its row until the unit of work ends.
async fn counting(tx: &mut Tx, name: &str, now: Timestamp) -> Result<Vec<Timestamp>, DbError> {
    let mut tries = tries::lock(tx, name, now).await?;
    tries.retain(|at| now.since(*at) < WINDOW);
    Ok(tries)
}

/// Remembers where the user signed in from.
pub(super) async fn remember(tx: &mut Tx, user: UserId, address: IpAddr, now: Timestamp) -> Result<(), DbError> {
    tries::remember(tx, user, household(address).to_string(), now).await
}

/// Takes a try back that was right, or was never made.
pub(super) async fn forget_try(tx: &mut Tx, keys: Vec<Key>, at: Timestamp) -> Result<(), DbError> {
    for Key { name, .. } in keys {
        let mut tries = tries::lock(tx, &name, at).await?;
        if let Some(place) = tries.iter().rposition(|one| *one == at) {
            tries.remove(place);
        }
        tries::keep(tx, name, &tries).await?;
    }
    Ok(())
}

/// Drops what no longer counts.
pub(super) async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<(), DbError> {
    tries::sweep(tx, now, WINDOW).await?;
    tries::forget_strange(tx, now, FAMILIAR).await
}

/// One household or office: an IPv4 address, or an IPv6 /64, within which a machine chooses freely.
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_counts_as_one_and_a_mapped_ipv4_address_as_itself() {
        let block = |text: &str| household(text.parse().unwrap()).to_string();
        assert_eq!(block("2001:db8:1:2:aaaa::1"), "2001:db8:1:2::");
        assert_eq!(block("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
