//! The `madoguchi` command: see `server::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::main()
}
