//! What a process uses, as Linux tells it (proc(5)).

use std::time::Duration;

use super::LoadError;

/// Processor time since a process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// In its own code.
    pub user: Duration,
    /// In the kernel on its behalf.
    pub system: Duration,
}

impl Cpu {
    /// Both together.
    pub fn total(&self) -> Duration {
        self.user + self.system
    }

    /// What was used since an earlier look.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self { user: self.user.saturating_sub(earlier.user), system: self.system.saturating_sub(earlier.system) }
    }
}

/// Linux counts in 1/100 s towards programs, whatever it counts in itself (time(7), `USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// All threads of a process together.
///
/// # Errors
/// [`LoadError::System`] where there is no such process.
pub fn cpu(pid: u32) -> Result<Cpu, LoadError> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).map_err(LoadError::system("reading its time"))?;
    // The name stands in parentheses and may hold anything; fields are counted from behind it.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = |nth: usize| fields.split_whitespace().nth(nth).and_then(|field| field.parse::<u32>().ok());
    let (Some(user), Some(system)) = (ticks(11), ticks(12)) else {
        return Err(LoadError::Late("the processor time of the gateway"));
    };
    Ok(Cpu { user: TICK * user, system: TICK * system })
}

/// For how long all threads of a process together were ready to run and got no processor. On a machine that has others to
/// serve, delays are no longer than this makes them.
///
/// # Errors
/// [`LoadError::System`] where there is no such process.
pub fn waited(pid: u32) -> Result<Duration, LoadError> {
    let reading = || LoadError::system("reading how long it waited for a processor");
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).map_err(reading())?;
    let waits = threads.map(|thread| {
        let path = thread.map_err(reading())?.path().join("schedstat");
        // A thread may end while it is looked for.
        Ok(std::fs::read_to_string(path).map_or(Duration::ZERO, |line| wait(&line)))
    });
    waits.sum()
}

/// The same for the thread that asks.
pub(super) fn waited_here() -> Duration {
    std::fs::read_to_string("/proc/thread-self/schedstat").map_or(Duration::ZERO, |line| wait(&line))
}

/// Time on a processor, time waiting for one, both in nanoseconds, and a count (proc(5)).
fn wait(line: &str) -> Duration {
    let nanos = line.split_whitespace().nth(1).and_then(|field| field.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Resident memory, in KiB.
///
/// # Errors
/// [`LoadError::System`] where there is no such process.
pub fn resident(pid: u32) -> Result<u64, LoadError> {
    let status =
        std::fs::read_to_string(format!("/proc/{pid}/status")).map_err(LoadError::system("reading its memory"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).ok_or(LoadError::Late("the memory in use"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_seen_and_memory_is_there() {
        let me = std::process::id();
        let before = cpu(me).unwrap();
        let mut sum = 0_u64;
        while cpu(me).unwrap().since(&before).total() < TICK * 3 {
            sum = (0..100_000_u64).fold(sum, |sum, n| sum.wrapping_mul(31).wrapping_add(n));
        }
        assert_ne!(sum, 1);
        assert!(resident(me).unwrap() > 500);
        assert!(waited(me).unwrap() >= waited_here());
        assert!(cpu(u32::MAX).is_err() && waited(u32::MAX).is_err());
    }
}
