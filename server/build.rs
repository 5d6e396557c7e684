//! Asks Cargo to build anew when what is embedded has changed.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
