//! The `madoguchi` command: see `server::cli`.

fn main() {}
