//! The colours of `style/tokens.css` against WCAG 2.2 and the sRGB gamut, in both themes.
//!
//! OKLCH is turned into linear sRGB by Ottosson's matrices (<https://bottosson.github.io/posts/oklab/>, the ones CSS
//! Color 4 §10 uses); relative luminance and contrast are WCAG 2.2's own definitions.

use std::collections::BTreeMap;

/// Linear sRGB.
type Rgb = [f64; 3];

#[derive(Clone, Copy, Debug)]
enum Theme {
    Light,
    Dark,
}

const SURFACES: [&str; 6] =
    ["surface-canvas", "surface-pane", "surface-raised", "surface-sunken", "surface-hover", "surface-selected"];
const STATES: [&str; 7] = ["ready", "ringing", "talking", "hold", "acw", "off", "danger"];

/// WCAG 2.2, 1.4.3.
const TEXT: f64 = 4.5;
/// WCAG 2.2, 1.4.11.
const EDGE: f64 = 3.0;

fn tokens(theme: Theme) -> BTreeMap<String, Rgb> {
    let css = include_str!("../../../style/tokens.css");
    css.split("--")
        .skip(1)
        .filter_map(|declaration| {
            let (name, value) = declaration.split_once(':')?;
            let pair = value.trim_start().strip_prefix("light-dark(")?;
            let mut colours = pair.split("oklch(").skip(1);
            let (light, dark) = (colours.next()?, colours.next()?);
            let chosen = match theme {
                Theme::Light => light,
                Theme::Dark => dark,
            };
            Some((name.trim().to_owned(), linear(chosen)))
        })
        .collect()
}

/// From `0.45 0.17 277), …` to linear sRGB.
fn linear(oklch: &str) -> Rgb {
    let mut numbers = oklch.split([' ', ')']).map(str::parse::<f64>);
    let (Some(Ok(lightness)), Some(Ok(chroma)), Some(Ok(hue))) = (numbers.next(), numbers.next(), numbers.next())
    else {
        panic!("three numbers were expected in oklch({oklch}");
    };
    let (sin, cos) = hue.to_radians().sin_cos();
    let (green_red, blue_yellow) = (chroma * cos, chroma * sin);
    let l = (lightness + 0.396_337_777_4 * green_red + 0.215_803_757_3 * blue_yellow).powi(3);
    let m = (lightness - 0.105_561_345_8 * green_red - 0.063_854_172_8 * blue_yellow).powi(3);
    let s = (lightness - 0.089_484_177_5 * green_red - 1.291_485_548 * blue_yellow).powi(3);
    [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s,
    ]
}

/// What a screen of 8 bits a channel shows of it, in linear light again.
fn on_screen(colour: Rgb) -> Rgb {
    colour.map(|channel| {
        let encoded = if channel <= 0.003_130_8 { 12.92 * channel } else { 1.055 * channel.powf(1.0 / 2.4) - 0.055 };
        let shown = (encoded.clamp(0.0, 1.0) * 255.0).round() / 255.0;
        if shown <= 0.040_45 { shown / 12.92 } else { ((shown + 0.055) / 1.055).powf(2.4) }
    })
}

fn luminance(colour: Rgb) -> f64 {
    let [red, green, blue] = on_screen(colour);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Every pair that stands on the screen, with the least contrast that it must have.
fn pairs() -> Vec<(String, String, f64)> {
    let mut pairs = Vec::new();
    let mut add = |ink: &str, ground: &str, least: f64| pairs.push((ink.to_owned(), ground.to_owned(), least));
    for surface in SURFACES {
        for ink in ["text-1", "text-2", "text-3", "accent-text"] {
            add(ink, surface, TEXT);
        }
        for ink in ["border-control", "focus-ring"] {
            add(ink, surface, EDGE);
        }
        for state in STATES {
            add(&format!("{state}-text"), surface, TEXT);
        }
    }
    for state in STATES {
        add(&format!("{state}-on"), state, TEXT);
        add(&format!("{state}-text"), &format!("{state}-soft"), TEXT);
    }
    add("accent-on", "accent", TEXT);
    add("accent-on", "accent-hover", TEXT);
    // The tooltip is drawn in reverse.
    add("surface-pane", "text-1", TEXT);
    // The amber solid is too pale for an edge of its own and gets this one.
    add("acw-text", "surface-pane", EDGE);
    pairs
}

#[test]
fn every_pair_of_ink_and_ground_can_be_read_in_both_themes() {
    for theme in [Theme::Light, Theme::Dark] {
        let tokens = tokens(theme);
        let colour = |name: &str| *tokens.get(name).unwrap_or_else(|| panic!("--{name} is missing in tokens.css"));
        for (ink, ground, least) in pairs() {
            let found = contrast(colour(&ink), colour(&ground));
            assert!(found >= least, "{theme:?}: --{ink} on --{ground} has {found:.2}, needs {least}");
        }
    }
}

#[test]
fn every_colour_lies_inside_srgb() {
    for theme in [Theme::Light, Theme::Dark] {
        let tokens = tokens(theme);
        assert!(tokens.len() >= 45, "only {} colours were read: has the notation changed?", tokens.len());
        for (name, colour) in tokens {
            // A step of 8 bits is about 0.004 in the light tones; a ten-thousandth is rounding of the notation.
            assert!(
                colour.iter().all(|channel| (-0.0005..=1.0005).contains(channel)),
                "{theme:?}: --{name} leaves sRGB: {colour:?}"
            );
        }
    }
}

#[test]
fn black_on_white_has_the_contrast_that_wcag_gives_it() {
    assert!((contrast(linear("1 0 0)"), linear("0 0 0)")) - 21.0).abs() < 0.01);
}
