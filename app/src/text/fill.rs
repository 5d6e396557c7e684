//! Puts arguments into a message.

use core::fmt::{Display, Write as _};

/// Replaces each `{name}` of the template by its argument. An unknown name stays as it is written, so that a slip
/// is seen on the screen rather than swallowed.
pub(super) fn fill(template: &str, arguments: &[(&str, &dyn Display)]) -> String {
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        match arguments.iter().find(|(known, _)| *known == name) {
            // Writing into a String cannot fail.
            Some((_, value)) => drop(write!(out, "{value}")),
            None => drop(write!(out, "{{{name}}}")),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn arguments_are_put_where_their_names_stand() {
        assert_eq!(fill("{a}から{b}まで", &[("b", &2), ("a", &"1")]), "1から2まで");
    }

    #[test]
    fn an_argument_is_not_read_as_a_template() {
        assert_eq!(fill("{a}", &[("a", &"{b}"), ("b", &1)]), "{b}");
    }

    #[test]
    fn unknown_names_and_lone_braces_stay_visible() {
        assert_eq!(fill("{x} {", &[]), "{x} {");
    }
}
