//! Asks Cargo to build anew when what is embedded has changed, and embeds the built desk into a release.
//!
//! A debug build embeds nothing: it reads `dist/` when it is asked, so that the two are built independently.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What gains nothing by being compressed once more.
const COMPRESSED: [&str; 4] = ["png", "woff2", "jpg", "webp"];

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let dist = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../dist");
    let release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let mut assets = String::new();
    if release && dist.is_dir() {
        println!("cargo:rerun-if-changed={}", dist.display());
        for file in files_below(&dist)? {
            embed(&dist, &file, &out, &mut assets)?;
        }
    }
    let table =
        format!("const EMBEDDED: &[Asset] = &[{assets}];\nconst DIST: &str = {:?};\n", dist.display().to_string());
    fs::write(out.join("desk.rs"), table)
}

fn files_below(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        match (hidden, path.is_dir()) {
            (true, _) => {}
            (false, true) => files.extend(files_below(&path)?),
            (false, false) => files.push(path),
        }
    }
    files.sort();
    Ok(files)
}

fn embed(dist: &Path, file: &Path, out: &Path, assets: &mut String) -> io::Result<()> {
    let name = file.strip_prefix(dist).unwrap_or(file).display().to_string();
    let body = fs::read(file)?;
    let mut smaller = Vec::new();
    if !file.extension().is_some_and(|end| COMPRESSED.contains(&end.to_string_lossy().as_ref())) {
        let parameters = brotli::enc::BrotliEncoderParams { size_hint: body.len(), ..Default::default() };
        brotli::BrotliCompress(&mut body.as_slice(), &mut smaller, &parameters)?;
    }
    let compressed = if !smaller.is_empty() && smaller.len() < body.len() {
        let kept = out.join(format!("{}.br", name.replace('/', "--")));
        fs::write(&kept, smaller)?;
        format!("Some(include_bytes!({:?}))", kept.display().to_string())
    } else {
        "None".to_owned()
    };
    let path = file.canonicalize()?.display().to_string();
    writeln!(assets, "Asset {{ path: {name:?}, body: include_bytes!({path:?}), brotli: {compressed} }},")
        .map_err(io::Error::other)
}
