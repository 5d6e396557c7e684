//! Where a thing that can be dragged may stand: pure, so that the clamping is tested.

/// A distance from the window's end edge and its upper edge, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spot {
    /// From the inline end edge.
    pub(crate) end: f64,
    /// From the upper edge.
    pub(crate) top: f64,
}

impl Spot {
    /// The nearest spot at which a box of this size lies wholly inside the window, below the top row; a box that
    /// is too large keeps its upper start corner in sight.
    pub(crate) fn clamped(self, size: (f64, f64), viewport: (f64, f64), top_row: f64) -> Self {
        let most_end = (viewport.0 - size.0).max(0.0);
        let most_top = (viewport.1 - size.1).max(top_row);
        Self { end: self.end.clamp(0.0, most_end), top: self.top.clamp(top_row, most_top) }
    }

    /// The form in which it is remembered.
    pub(crate) fn stored(self) -> String {
        format!("{:.0},{:.0}", self.end, self.top)
    }

    /// Reads [`Self::stored`].
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (end, top) = text.split_once(',')?;
        let read = |part: &str| part.trim().parse::<f64>().ok().filter(|value| value.is_finite());
        Some(Self { end: read(end)?, top: read(top)? })
    }
}

#[cfg(test)]
mod tests {
    use super::Spot;

    #[test]
    fn a_remembered_spot_is_brought_back_into_a_smaller_window() {
        let spot = Spot { end: 900.0, top: 700.0 };
        assert_eq!(spot.clamped((360.0, 300.0), (1280.0, 720.0), 64.0), Spot { end: 900.0, top: 420.0 });
        assert_eq!(spot.clamped((360.0, 300.0), (800.0, 320.0), 64.0), Spot { end: 440.0, top: 64.0 });
        assert_eq!(
            Spot { end: -9.0, top: 0.0 }.clamped((360.0, 300.0), (320.0, 600.0), 64.0),
            Spot { end: 0.0, top: 64.0 }
        );
    }

    #[test]
    fn a_spot_survives_being_stored() {
        let spot = Spot { end: 12.0, top: 76.0 };
        assert_eq!(Spot::parse(&spot.stored()), Some(spot));
        for bad in ["", "12", "a,b", "NaN,1", "inf,1"] {
            assert_eq!(Spot::parse(bad), None, "{bad}");
        }
    }
}
