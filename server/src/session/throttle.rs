//! The brake on guessing: how many wrong tries count, for an account and for an address, on all nodes together.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use domain::time::Timestamp;

use super::users::MAX_LOGIN;
use crate::db::{DbError, Tx};
use crate::{execute, fetch_one};

/// A try counts for this long.
const WINDOW: Duration = Duration::from_mins(15);
/// Wrong tries for one account within the window.
const PER_ACCOUNT: usize = 10;
/// Wrong tries from one address within the window: an office behind one address makes honest mistakes too.
const PER_ADDRESS: usize = 50;

/// What a try counts against.
#[derive(Clone, Debug)]
pub(super) struct Key {
    name: String,
    most: usize,
}

/// The keys of a try, always in this order, so that two of them never wait for each other in a circle.
pub(super) fn keys(login: &str, address: Option<IpAddr>) -> Vec<Key> {
    let login: String = login.chars().take(MAX_LOGIN).collect();
    let mut keys = vec![Key { name: format!("account:{login}"), most: PER_ACCOUNT }];
    if let Some(address) = address {
        keys.push(Key { name: format!("address:{}", block(address)), most: PER_ADDRESS });
    }
    keys
}

/// One household or office: an IPv4 address, or an IPv6 /64, within which a machine chooses freely.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

/// Counts a try before it is made, so that tries made at once cannot pass together. Says how long to wait if the brake
/// is on; such a try does not count.
pub(super) async fn count_try(tx: &mut Tx, keys: Vec<Key>, now: Timestamp) -> Result<Option<Duration>, DbError> {
    let mut counted = Vec::new();
    for Key { name, most } in keys {
        let mut tries = lock(tx, &name, now).await?;
        tries.retain(|at| now.since(*at) < WINDOW);
        if let (true, Some(oldest)) = (tries.len() >= most, tries.first()) {
            return Ok(Some(WINDOW.saturating_sub(now.since(*oldest))));
        }
        tries.push(now);
        counted.push((name, tries));
    }
    for (name, tries) in counted {
        keep(tx, name, &tries).await?;
    }
    Ok(None)
}

/// Takes a try back that was right, or was never made.
pub(super) async fn forget_try(tx: &mut Tx, keys: Vec<Key>, at: Timestamp) -> Result<(), DbError> {
    for Key { name, .. } in keys {
        let mut tries = lock(tx, &name, at).await?;
        if let Some(place) = tries.iter().rposition(|one| *one == at) {
            tries.remove(place);
        }
        keep(tx, name, &tries).await?;
    }
    Ok(())
}

/// Reads the tries of a key and holds its row until the unit of work ends.
async fn lock(tx: &mut Tx, name: &str, now: Timestamp) -> Result<Vec<Timestamp>, DbError> {
    let (tried_at,) = fetch_one!(
        tx,
        (String,),
        "INSERT INTO sign_in_tries (key, tried_at, touched_at) VALUES ($1, '', $2) \
         ON CONFLICT (key) DO UPDATE SET touched_at = excluded.touched_at RETURNING tried_at",
        name.to_owned(),
        now.0,
    )?;
    Ok(tried_at.split(',').filter_map(|at| at.parse().ok().map(Timestamp)).collect())
}

async fn keep(tx: &mut Tx, name: String, tries: &[Timestamp]) -> Result<(), DbError> {
    let text = tries.iter().map(|at| at.0.to_string()).collect::<Vec<_>>().join(",");
    execute!(tx, "UPDATE sign_in_tries SET tried_at = $1 WHERE key = $2", text, name)?;
    Ok(())
}

/// Drops keys whose tries no longer count.
pub(super) async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<(), DbError> {
    let over = now.0.saturating_sub(i64::try_from(WINDOW.as_millis()).unwrap_or(i64::MAX));
    execute!(tx, "DELETE FROM sign_in_tries WHERE touched_at < $1", over)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_counts_as_one_and_a_mapped_ipv4_address_as_itself() {
        let block = |text: &str| block(text.parse().unwrap()).to_string();
        assert_eq!(block("2001:db8:1:2:aaaa::1"), "2001:db8:1:2::");
        assert_eq!(block("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
