//! How calls sounded: kept in one row a call, and counted in the metrics. Blank where nothing was measured.

mod store;

use domain::telephony::quality::CallQuality;

pub(crate) use self::store::load;
pub(super) use self::store::write;

/// Lost packets of a call, as a share of those expected, by leg and direction.
const LOSS: &str = "madoguchi_call_loss_ratio";

/// Counts a call that is over in the metrics.
pub(super) fn count(quality: &CallQuality) {
    for (leg, measured) in [("agent", quality.agent), ("customer", quality.customer)] {
        for (direction, flow) in [("heard", measured.heard), ("said", measured.said)] {
            if let Some(flow) = flow {
                #[expect(clippy::cast_precision_loss, reason = "packets of a call, not 2^53")]
                let ratio = flow.lost as f64 / flow.expected as f64;
                metrics::histogram!(LOSS, "leg" => leg, "direction" => direction).record(ratio);
            }
        }
    }
}
