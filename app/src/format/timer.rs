//! Running times.

use core::time::Duration;

/// `0:07`, `12:07`, `1:02:07`: whole seconds, rounded down.
pub fn timer(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::timer;

    #[test]
    fn timers_grow_by_a_part_only_when_needed() {
        for (seconds, shown) in
            [(0, "0:00"), (7, "0:07"), (727, "12:07"), (3599, "59:59"), (3600, "1:00:00"), (3727, "1:02:07")]
        {
            assert_eq!(timer(Duration::from_secs(seconds)), shown);
        }
        assert_eq!(timer(Duration::from_millis(7999)), "0:07");
    }
}
