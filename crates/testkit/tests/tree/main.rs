//! What must hold over the whole tree of sources: who may know whom, and that the list of behaviours is true.

// `cfg(test)` tells clippy that helpers, too, may panic as tests do.
#[cfg(test)]
mod arrows;
#[cfg(test)]
mod behaviours;
#[cfg(test)]
mod reader;
#[cfg(test)]
mod telephony;
