//! The room in which the system keeps datagrams that were not read yet.

use std::os::fd::AsFd;

use rustix::net::sockopt;

/// How much is asked for, in octets. A system's own 208 KiB hold 25 ms of 200 calls, which a busy machine exceeds; this
/// holds half a second of their audio, and SIP through a flood that is being dropped.
const WANTED: usize = 4 * 1024 * 1024;

/// Asks for the room that is privileged, else for what the system's limit gives. Neither is needed to work; less is said
/// once, for `whose` socket it is.
pub(super) fn widen(socket: impl AsFd, whose: &'static str) {
    if sockopt::set_socket_recv_buffer_size_force(&socket, WANTED).is_err() {
        // The system gives as much as its limit allows, without a word: what it gave is asked below.
        let _ = sockopt::set_socket_recv_buffer_size(&socket, WANTED);
    }
    let granted = granted(&socket);
    if granted < WANTED {
        tracing::warn!(
            whose,
            granted,
            wanted = WANTED,
            "the system keeps fewer unread datagrams than a flood or a busy moment brings: raise net.core.rmem_max to \
             4194304, or give the program CAP_NET_ADMIN"
        );
    }
}

/// What a socket was given, in octets. Linux counts twice what was asked for, for its own accounts (socket(7)).
fn granted(socket: impl AsFd) -> usize {
    let given = sockopt::socket_recv_buffer_size(socket).unwrap_or(0);
    if cfg!(target_os = "linux") { given / 2 } else { given }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_widened_socket_has_as_much_as_the_system_gives() {
        let [plain, wide] = [(), ()].map(|()| std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
        widen(&wide, "test");
        let limit = std::fs::read_to_string("/proc/sys/net/core/rmem_max");
        let limit = limit.ok().and_then(|limit| limit.trim().parse().ok()).unwrap_or(0);
        assert!(granted(&wide) >= WANTED.min(limit), "{} of {limit}", granted(&wide));
        assert!(granted(&wide) >= granted(&plain));
    }
}
