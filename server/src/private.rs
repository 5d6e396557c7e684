//! Personal data that must not end up in a log.

use std::fmt;

/// A value about a person: usable, but never shown by accident.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Private<T>(pub T);

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(private)")
    }
}

impl<T> fmt::Display for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(private)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_value_shows_itself_neither_to_people_nor_to_developers() {
        let number = Private("+81312345678");
        assert_eq!(format!("{number} {number:?}"), "(private) (private)");
    }
}
