//! How figures are printed: losses before speed, medians over rounds.

use testkit::load::Measured;

/// Less than this delivered, and a round's speed says nothing.
const ENOUGH: f64 = 0.9995;

/// The rounds of one system at one number of calls.
#[derive(Default)]
pub(crate) struct Figures(Vec<Figure>);

struct Figure {
    share: f64,
    wrong: u64,
    cpu: f64,
    user: f64,
    packet: f64,
    delays: [f64; 4],
    /// Milliseconds in each second of the window: the gateway, the load.
    waited: [f64; 2],
    resident: u64,
    set_up: f64,
}

impl Figures {
    /// Prints a round and keeps it.
    pub(crate) fn add(&mut self, name: &str, round: usize, mut measured: Measured) {
        let delay = |measured: &mut Measured, share| {
            measured.delays.percentile(share).map_or(f64::NAN, |delay| delay.as_secs_f64() * 1e3)
        };
        let total = measured.cpu.total().as_secs_f64().max(1e-9);
        let waited = |time: std::time::Duration| 1e3 * time.as_secs_f64() / measured.window.as_secs_f64().max(1e-9);
        let waited = [waited(measured.waited.0), waited(measured.waited.1)];
        let figure = Figure {
            share: measured.share(),
            wrong: measured.wrong,
            cpu: measured.cpu_per_call_minute(),
            user: measured.cpu.user.as_secs_f64() / total,
            packet: measured.micros_per_packet(),
            delays: [0.5, 0.95, 0.99, 1.0].map(|share| delay(&mut measured, share)),
            waited,
            resident: measured.resident,
            set_up: measured.set_up.as_secs_f64() * 1e3,
        };
        say(&format!(
            "{name:9} {calls:3} calls, round {round}: {delivered} of {sent} delivered ({share:.3} %; worst direction \
             {worst:.2} %, {lossy} lossy), {wrong} wrong, {reports} reports, load fell behind {stalls} times; {figure}",
            calls = measured.calls,
            round = round + 1,
            delivered = measured.delivered,
            sent = measured.sent,
            share = 100.0 * figure.share,
            worst = 100.0 * measured.worst,
            lossy = measured.lossy,
            wrong = measured.wrong,
            reports = measured.reports,
            stalls = measured.stalls,
            figure = figure.speed(),
        ));
        self.0.push(figure);
    }

    /// Prints the medians.
    pub(crate) fn print_median(&self, name: &str, calls: usize) {
        let [p50, p95, p99, most] =
            [0, 1, 2, 3].map(|place| self.median(|figure| figure.delays.get(place).copied().unwrap_or(f64::NAN)));
        say(&format!(
            "MEDIAN {name:9} {calls:3} calls: {share:.3} % delivered, {wrong} wrong; {cpu:.4} CPU-s a call-minute, \
             {packet:.2} us a packet; delay p50 {p50:.2} p95 {p95:.2} p99 {p99:.2} most {most:.2} ms; \
             of each second {ours:.0} ms waiting for a processor (load {load:.0} ms); {resident:.1} MiB; \
             set-up {set_up:.1} CPU-ms a call",
            share = 100.0 * self.median(|figure| figure.share),
            wrong = self.0.iter().map(|figure| figure.wrong).sum::<u64>(),
            cpu = self.cpu(),
            packet = self.median(|figure| figure.packet),
            ours = self.median(|Figure { waited: [ours, _], .. }| *ours),
            load = self.median(|Figure { waited: [_, load], .. }| *load),
            resident = self.median(Figure::mebibytes),
            set_up = self.median(|figure| figure.set_up),
        ));
    }

    fn cpu(&self) -> f64 {
        self.median(|figure| figure.cpu)
    }

    fn median(&self, of: impl Fn(&Figure) -> f64) -> f64 {
        let mut values: Vec<f64> = self.0.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let upper = values.get(middle).copied().unwrap_or(f64::NAN);
        let lower = middle.checked_sub(1).and_then(|below| values.get(below)).copied().unwrap_or(upper);
        if values.len().is_multiple_of(2) { f64::midpoint(lower, upper) } else { upper }
    }

    fn lost(&self) -> bool {
        self.0.iter().any(|figure| figure.share < ENOUGH || figure.wrong > 0)
    }
}

impl Figure {
    fn speed(&self) -> String {
        let [p50, p95, p99, most] = self.delays;
        let [ours, load] = self.waited;
        format!(
            "{:.4} CPU-s a call-minute ({:.0} % user), {:.2} us a packet; delay p50 {p50:.2} p95 {p95:.2} p99 {p99:.2} \
             most {most:.2} ms; of each second {ours:.0} ms waiting for a processor (load {load:.0} ms); {:.1} MiB",
            self.cpu,
            100.0 * self.user,
            self.packet,
            self.mebibytes(),
        )
    }

    #[expect(clippy::cast_precision_loss, reason = "memory in KiB is far below 2^52")]
    fn mebibytes(&self) -> f64 {
        self.resident as f64 / 1_024.0
    }
}

/// Says who needs less, and whether the comparison holds.
pub(crate) fn compare(ours: &Figures, theirs: &Figures, calls: usize) {
    let ratio = ours.cpu() / theirs.cpu();
    let verdict = if ours.lost() || theirs.lost() {
        "no verdict: packets were lost or changed, see above"
    } else if ratio < 1.0 {
        "below"
    } else {
        "NOT below"
    };
    say(&format!("VERDICT {calls:3} calls: {:.0} % of rtpengine's processor time: {verdict}\n", 100.0 * ratio));
}

#[expect(clippy::print_stdout, reason = "a bench's figures are what it is for")]
fn say(line: &str) {
    println!("{line}");
}
