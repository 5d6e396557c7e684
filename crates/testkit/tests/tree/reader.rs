//! Reads the tree of sources for the tests beside it: files, their imports, and what Cargo knows of the crates.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the checkout")
}

/// One source file.
pub(crate) struct Source {
    /// From the checkout's root, with `/`.
    pub(crate) path: String,
    /// As it is on disk.
    pub(crate) raw: String,
    /// Without comments and without the contents of strings; lines stay where they are.
    pub(crate) code: String,
}

impl Source {
    fn read(path: &Path) -> Self {
        let raw = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let relative = path.strip_prefix(root()).expect("inside the checkout");
        let code = if path.extension().is_some_and(|extension| extension == "rs") { bare(&raw) } else { raw.clone() };
        Self { path: relative.to_string_lossy().replace('\\', "/"), raw, code }
    }

    /// Whether the whole file is a test: `tests.rs`, `tests/…`, `benches/…`, `testing.rs`.
    pub(crate) fn is_test(&self) -> bool {
        let mut parts = self.path.split('/');
        parts.any(|part| matches!(part, "tests" | "benches" | "tests.rs" | "testing.rs"))
    }

    /// The code that is shipped: up to an inline `#[cfg(test)] mod …`, which stands last in a file.
    pub(crate) fn shipped(&self) -> &str {
        if self.is_test() {
            return "";
        }
        let end = self.code.match_indices("#[cfg(test)]").find(|(at, _)| {
            let after = self.code[at + "#[cfg(test)]".len()..].trim_start();
            after.starts_with("mod ")
                && after.split_once(['{', ';']).is_some_and(|(head, _)| after[head.len()..].starts_with('{'))
        });
        end.map_or(&self.code, |(at, _)| &self.code[..at])
    }

    /// Every path that the shipped code names, `use` trees unfolded: `use a::{b, c::d}` gives `a::b` and `a::c::d`.
    pub(crate) fn paths(&self) -> Vec<String> {
        let code = self.shipped();
        let mut found: Vec<String> = use_trees(code).iter().flat_map(|tree| unfold(tree)).collect();
        found.extend(inline_paths(code));
        found
    }
}

/// Every file below a folder whose name ends in `.extension`, in a stable order.
pub(crate) fn sources(folder: &str, extension: &str) -> Vec<Source> {
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    files.iter().map(|file| Source::read(file)).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            if !matches!(name.to_str(), Some("target" | "node_modules" | "dist" | "test-results" | "playwright-report"))
            {
                walk(&path, files);
            }
        } else {
            files.push(path);
        }
    }
}

/// A crate of the workspace and whom it names in its `Cargo.toml`.
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its dependencies: name and kind (`normal`, `dev`, `build`).
    pub(crate) dependencies: Vec<(String, String)>,
}

impl Package {
    /// Whether it names this one among what it ships with.
    pub(crate) fn ships(&self, name: &str) -> bool {
        self.dependencies.iter().any(|(dependency, kind)| dependency == name && kind != "dev")
    }
}

/// The workspace's crates, as Cargo reads them.
pub(crate) static PACKAGES: LazyLock<Vec<Package>> = LazyLock::new(|| {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let package = |package: &serde_json::Value| Package {
        name: text(&package["name"]),
        dependencies: package["dependencies"]
            .as_array()
            .expect("dependencies")
            .iter()
            .map(|one| (text(&one["name"]), one["kind"].as_str().unwrap_or("normal").to_owned()))
            .collect(),
    };
    metadata["packages"].as_array().expect("packages").iter().map(package).collect()
});

/// The workspace's crate of this name.
pub(crate) fn package(name: &str) -> &'static Package {
    PACKAGES.iter().find(|package| package.name == name).unwrap_or_else(|| panic!("no crate named {name}"))
}

/// Fails with every breach at once, and with why the arrow must not be.
pub(crate) fn must_be_empty(breaches: &[String], arrow: &str, because: &str) {
    let mut message = format!("\n{arrow}\nbecause {because}. Found:\n");
    for breach in breaches {
        writeln!(message, "  {breach}").expect("a String takes everything");
    }
    assert!(breaches.is_empty(), "{message}");
}

/// The code without comments, and with strings and characters emptied.
fn bare(raw: &str) -> String {
    let chars: Vec<char> = raw.chars().collect();
    let (mut out, mut at) = (String::with_capacity(raw.len()), 0);
    let get = |at: usize| chars.get(at).copied().unwrap_or('\0');
    while at < chars.len() {
        match (get(at), get(at + 1)) {
            ('/', '/') => {
                while at < chars.len() && get(at) != '\n' {
                    at += 1;
                }
            }
            ('/', '*') => {
                while at < chars.len() && !(get(at) == '*' && get(at + 1) == '/') {
                    if get(at) == '\n' {
                        out.push('\n');
                    }
                    at += 1;
                }
                at += 2;
            }
            // A raw string; `r#name` is an identifier.
            ('r', '"' | '#')
                if !out.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '\'') && raw_string(&get, at) =>
            {
                let hashes = hashes_from(&get, at + 1);
                at += hashes + 2;
                while at < chars.len() && !(get(at) == '"' && (1..=hashes).all(|i| get(at + i) == '#')) {
                    if get(at) == '\n' {
                        out.push('\n');
                    }
                    at += 1;
                }
                at += hashes + 1;
                out.push_str("\"\"");
            }
            ('"', _) => {
                at += 1;
                while at < chars.len() && get(at) != '"' {
                    if get(at) == '\n' {
                        out.push('\n');
                    }
                    at += if get(at) == '\\' { 2 } else { 1 };
                }
                at += 1;
                out.push_str("\"\"");
            }
            // A character; a lifetime has no closing quote right behind it.
            ('\'', '\\') => {
                at += 3;
                while at < chars.len() && get(at) != '\'' {
                    at += 1;
                }
                at += 1;
            }
            ('\'', _) if get(at + 2) == '\'' => at += 3,
            (other, _) => {
                out.push(other);
                at += 1;
            }
        }
    }
    out
}

fn raw_string(get: &impl Fn(usize) -> char, at: usize) -> bool {
    get(at + 1 + hashes_from(get, at + 1)) == '"'
}

fn hashes_from(get: &impl Fn(usize) -> char, mut at: usize) -> usize {
    let first = at;
    while get(at) == '#' {
        at += 1;
    }
    at - first
}

/// The text of every `use …;`.
fn use_trees(code: &str) -> Vec<String> {
    let starts_word =
        |at: usize| at == 0 || !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
    code.match_indices("use ")
        .filter(|(at, _)| starts_word(*at))
        .filter_map(|(at, _)| {
            code[at + 4..].split_once(';').map(|(tree, _)| tree.split_whitespace().collect::<Vec<_>>().join(" "))
        })
        .collect()
}

fn unfold(tree: &str) -> Vec<String> {
    let tree = tree.trim().trim_start_matches("::");
    let Some(open) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree);
        return vec![path.replace(' ', "")];
    };
    let Some(close) = tree.rfind('}') else { return Vec::new() };
    let prefix = tree[..open].replace(' ', "");
    let (mut depth, mut start, mut found) = (0, open + 1, Vec::new());
    for (at, character) in tree[..close].char_indices().skip_while(|(at, _)| *at <= open).chain([(close, ',')]) {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.extend(
                    unfold(&tree[start..at]).iter().filter(|p| !p.is_empty()).map(|path| format!("{prefix}{path}")),
                );
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// Every `a::b::c` outside of `use`.
fn inline_paths(code: &str) -> Vec<String> {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    code.lines()
        .filter(|line| !line.trim_start().starts_with("use ") && !line.trim_start().starts_with("pub use "))
        .flat_map(|line| line.split(|c: char| !word(c)))
        .filter(|path| path.contains("::"))
        .map(|path| path.trim_matches(':').to_owned())
        .collect()
}

#[test]
fn comments_and_strings_are_not_code() {
    let raw = "let a = \"use x::y;\"; // use p::q;\nlet b = r#\"z::w \"quoted\" \"#; /* m::n\n */ let c = '\"'; let d: &'static str = s::t;";
    assert_eq!(bare(raw), "let a = \"\"; \nlet b = \"\"; \n let c = ; let d: &'static str = s::t;");
}

#[test]
fn use_trees_unfold_to_every_path() {
    let code = "pub use a::b as c;\nuse crate::{\n    d::{self, e},\n    f,\n};\nlet g = h::i::j(k);";
    let mut found: Vec<String> = use_trees(code).iter().flat_map(|tree| unfold(tree)).collect();
    found.extend(inline_paths(code));
    for path in ["a::b", "crate::d::self", "crate::d::e", "crate::f", "h::i::j"] {
        assert!(found.iter().any(|one| one == path), "{path} in {found:?}");
    }
}
