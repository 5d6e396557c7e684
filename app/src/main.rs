//! Mounts the desk.

fn main() {
    #[cfg(target_arch = "wasm32")]
    app::start();
}
