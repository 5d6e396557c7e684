//! What of a record can be found.

use domain::phone::E164;
use phonenumber::Mode;

use super::normalise::normalise;

/// How much of a record is searched, in characters as they are compared: more than any field holds.
const LONGEST: usize = 30_000;

/// The searchable text of one record, field by field.
#[derive(Clone, Debug, Default)]
pub struct Document {
    text: String,
    length: usize,
}

impl Document {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field. What goes over the length that is searched is left out.
    pub fn text(&mut self, field: &str) -> &mut Self {
        let folded = normalise(field);
        let left = LONGEST.saturating_sub(self.length);
        if !folded.is_empty() && left > 0 {
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            self.text.extend(folded.chars().take(left));
            self.length += folded.chars().count();
        }
        self
    }

    /// Adds a phone number: it is found by any part of its international form, and of the one in its own country.
    pub fn phone(&mut self, number: &E164) -> &mut Self {
        self.text(number.as_str());
        if let Ok(parsed) = phonenumber::parse(None, number.as_str()) {
            self.text(&parsed.format().mode(Mode::National).to_string());
        }
        self
    }

    /// The text as it is compared: fields parted by line breaks.
    pub(super) fn normalised(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_in_both_its_forms() {
        let mut document = Document::new();
        document.text("森").phone(&E164::parse("+819012345678").unwrap()).phone(&E164::parse("+82212345678").unwrap());
        assert_eq!(document.normalised(), "森\n819012345678\n09012345678\n82212345678\n0212345678");
    }

    #[test]
    fn a_text_beyond_the_length_that_is_searched_is_left_out() {
        let mut document = Document::new();
        document.text(&"あ".repeat(LONGEST - 1)).text("いう").text("え");
        assert_eq!(document.normalised().chars().filter(|c| *c != '\n').count(), LONGEST);
        assert!(document.normalised().ends_with('い'));
    }
}
