//! Light, dark, or as the system has it.

use super::storage;

/// The appearance that the user chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// In the order of the switch.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// What was chosen on an earlier visit.
    pub fn chosen() -> Self {
        match storage::get(storage::THEME).as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            Some(_) | None => Self::System,
        }
    }

    /// Shows it at once and remembers it.
    pub fn choose(self) {
        let name = match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        };
        match name {
            Some(name) => storage::set(storage::THEME, name),
            None => storage::remove(storage::THEME),
        }
        let Some(root) = super::page::root() else { return };
        // Neither call can fail: the attribute's name is valid.
        drop(match name {
            Some(name) => root.set_attribute("data-theme", name),
            None => root.remove_attribute("data-theme"),
        });
    }
}
