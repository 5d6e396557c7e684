//! The arrows that must never be (ARCHITECTURE.md, "Arrows"), each a test that says which and why.
//!
//! `Cargo.toml` keeps most of them by itself: what a crate does not name it cannot import. These tests keep the
//! manifests honest, and the arrows inside a crate, which Cargo does not see.

use crate::reader::{PACKAGES, Source, must_be_empty, package, sources};

/// What the arrow forbids a crate to name in its manifest, as breaches.
fn named(from: &str, forbidden: &[&str]) -> Vec<String> {
    let names = |name: &&&str| package(from).ships(name);
    forbidden.iter().filter(names).map(|name| format!("crates named by {from}'s Cargo.toml: {name}")).collect()
}

/// Paths that shipped code in a folder must not name, as breaches; `allowed` says for which files it may.
fn imported(folder: &str, forbidden: impl Fn(&Source, &str) -> bool) -> Vec<String> {
    let mut breaches: Vec<String> = sources(folder, "rs")
        .iter()
        .flat_map(|source| {
            let paths = source.paths();
            paths
                .into_iter()
                .filter(|path| forbidden(source, path))
                .map(|path| format!("{}: {path}", source.path))
                .collect::<Vec<_>>()
        })
        .collect();
    breaches.dedup();
    breaches
}

fn begins(path: &str, crates: &[&str]) -> bool {
    crates.iter().any(|name| path == *name || path.strip_prefix(name).is_some_and(|rest| rest.starts_with("::")))
}

/// The folder right below `src` that a file belongs to, where there is one.
fn slice(source: &Source) -> Option<&str> {
    let (_, below) = source.path.split_once("/src/")?;
    below.split_once('/').map(|(folder, _)| folder)
}

/// Slices of a crate: the folders below its `src`.
fn slices(src: &str) -> Vec<String> {
    let mut found: Vec<String> =
        sources(src, "rs").iter().filter_map(|source| slice(source).map(str::to_owned)).collect();
    found.dedup();
    found
}

#[test]
fn domain_depends_on_small_pure_crates_only() {
    let pure = ["serde", "thiserror", "uuid"];
    let mut breaches: Vec<String> = package("domain")
        .dependencies
        .iter()
        .filter(|(name, kind)| kind != "dev" && !pure.contains(&name.as_str()))
        .map(|(name, _)| format!("crates/domain/Cargo.toml: {name}"))
        .collect();
    breaches.extend(imported("crates/domain/src", |_, path| {
        begins(
            path,
            &["std::net", "std::fs", "std::io", "std::env", "std::process", "std::thread", "std::sync", "std::time"],
        )
    }));
    let asynchronous =
        |source: &Source| source.shipped().contains("async fn").then(|| format!("{}: async fn", source.path));
    breaches.extend(sources("crates/domain/src", "rs").iter().filter_map(asynchronous));
    must_be_empty(
        &breaches,
        "domain → anything that waits, reads a clock or touches the outside",
        "the desk and the server ask the same machine, and tests run it faster than real time",
    );
}

#[test]
fn the_desk_and_the_server_meet_in_wire_only() {
    let breaches = [named("app", &["server"]), named("server", &["app"]), named("wire", &["app", "server"])].concat();
    must_be_empty(&breaches, "app ⇄ server", "they meet in wire, so that each can be built and read without the other");
}

#[test]
fn only_the_demo_slice_knows_the_simulators() {
    let manifests = PACKAGES.iter().filter(|package| package.name != "server" && package.ships("simulators"));
    let mut breaches: Vec<String> =
        manifests.map(|package| format!("{}'s Cargo.toml: simulators", package.name)).collect();
    breaches
        .extend(imported("server/src", |source, path| begins(path, &["simulators"]) && slice(source) != Some("demo")));
    must_be_empty(
        &breaches,
        "anything but the demo slice, tests and benches → simulators",
        "a product does not know its simulation",
    );
}

#[test]
fn nothing_shipped_depends_on_the_testkit() {
    let manifests = PACKAGES.iter().filter(|package| package.ships("testkit"));
    let breaches: Vec<String> = manifests.map(|package| format!("{}'s Cargo.toml: testkit", package.name)).collect();
    must_be_empty(
        &breaches,
        "anything shipped → testkit",
        "tones, bad networks and load generators are for tests and benches",
    );
}

#[test]
fn wire_knows_no_server_library() {
    let breaches = named("wire", &["axum", "sqlx", "leptos_axum", "tokio", "str0m"]);
    must_be_empty(&breaches, "wire → axum, sqlx, leptos_axum", "it is compiled into the client");
}

#[test]
fn media_and_sip_are_pure() {
    let io = [
        "tokio",
        "mio",
        "socket2",
        "async-std",
        "smol",
        "futures",
        "str0m",
        "domain",
        "chrono",
        "time",
        "rand",
        "getrandom",
    ];
    let mut breaches =
        [named("media", &io), named("sip", &io), named("media", &["sip"]), named("sip", &["media"])].concat();
    for folder in ["crates/media/src", "crates/sip/src"] {
        breaches.extend(imported(folder, |_, path| {
            // Addresses are values; sockets are not.
            (begins(path, &["std::net"])
                && ["Socket", "Listener", "Stream"]
                    .iter()
                    .any(|kind| path.ends_with(kind) && !path.ends_with("SocketAddr")))
                || begins(path, &["std::fs", "std::env", "std::process", "std::thread"])
                || path.ends_with("Instant::now")
                || path.ends_with("SystemTime::now")
        }));
    }
    must_be_empty(
        &breaches,
        "media, sip → tokio, sockets, a clock, domain, each other",
        "they must run faster than real time in tests",
    );
}

#[test]
fn only_the_server_knows_sqlx() {
    let manifests = PACKAGES.iter().filter(|package| package.name != "server" && package.ships("sqlx"));
    let mut breaches: Vec<String> = manifests.map(|package| format!("{}'s Cargo.toml: sqlx", package.name)).collect();
    breaches.extend(imported("server/src", |source, path| begins(path, &["sqlx"]) && !holds_sql(source)));
    must_be_empty(&breaches, "sqlx outside a slice's store", "there is one place to look for SQL");
}

/// A slice's `store.rs` or `store/…`, and `db`, which opens the databases for them.
fn holds_sql(source: &Source) -> bool {
    slice(source) == Some("db") || source.path.ends_with("/store.rs") || source.path.contains("/store/")
}

#[test]
fn sql_is_written_in_stores_only() {
    let statements = ["\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM ", "\"CREATE TABLE ", "\"WITH "];
    let mut breaches = Vec::new();
    for folder in ["server/src", "app/src", "crates"] {
        for source in sources(folder, "rs").iter().filter(|source| !source.is_test() && !holds_sql(source)) {
            let found = statements.iter().filter(|statement| source.raw.contains(**statement));
            breaches.extend(found.map(|statement| format!("{}: {statement}…", source.path)));
        }
    }
    must_be_empty(&breaches, "SQL outside a slice's store", "there is one place to look for it");
}

#[test]
fn no_slice_reaches_into_anothers_store_or_tasks() {
    let slices = slices("server/src");
    let breaches = imported("server/src", |source, path| {
        let Some(own) = slice(source) else { return false };
        let mut parts = path.strip_prefix("crate::").unwrap_or_default().split("::");
        let (Some(other), Some(inner)) = (parts.next(), parts.next()) else { return false };
        slices.iter().any(|slice| slice == other)
            && other != own
            && other != "db"
            && (inner == "store" || inner.ends_with("task"))
    });
    must_be_empty(
        &breaches,
        "slice A → slice B's store or tasks",
        "a slice can be deleted: ask its port, or hear its event; startup.rs joins them",
    );
}

#[test]
fn a_vendors_words_stay_in_its_adapters_folder() {
    let adapters = ["chat::line", "chat::kakao", "chat::web_widget", "sms::providers"];
    let breaches = imported("server/src", |source, path| {
        let mut adapters = adapters.iter().filter(|adapter| begins(path, &[&format!("crate::{adapter}")]));
        let home = |adapter: &&str| source.path.contains(&format!("/src/{}/", adapter.replace("::", "/")));
        adapters.any(|adapter| !home(adapter)) && !source.path.ends_with("/startup.rs")
    });
    must_be_empty(
        &breaches,
        "a vendor's JSON → past its adapter's folder",
        "channels are interchangeable; startup.rs alone names concrete adapters",
    );
}

#[test]
fn the_desks_common_parts_know_no_slice() {
    let common = ["ui", "platform", "format", "text"];
    let slices = slices("app/src");
    let breaches = imported("app/src", |source, path| {
        let Some(inner) = path.strip_prefix("crate::").and_then(|rest| rest.split("::").next()) else { return false };
        slice(source).is_some_and(|own| common.contains(&own))
            && !common.contains(&inner)
            && slices.iter().any(|slice| slice == inner)
    });
    must_be_empty(&breaches, "ui, platform, format, text → a slice", "what every slice uses must not know any of them");
}

const BROWSER: [&str; 6] = ["leptos", "leptos_router", "web_sys", "js_sys", "wasm_bindgen", "wasm_bindgen_futures"];

#[test]
fn models_are_plain_rust() {
    let breaches = imported("app/src", |source, path| source.path.ends_with("/model.rs") && begins(path, &BROWSER));
    must_be_empty(&breaches, "model.rs → leptos or web_sys", "models are tested natively, without a browser");
}

#[test]
fn the_browser_is_called_in_named_places_only() {
    // What holds the socket, the microphone and the choice of devices, the connection of the call and the bell; dates are the browser's Intl.
    let places = [
        "realtime/socket.rs",
        "telephony/devices.rs",
        "telephony/microphone.rs",
        "telephony/audio_link.rs",
        "telephony/audio_link/peer.rs",
        "telephony/ringer.rs",
        "format/dates.rs",
    ];
    let named = |source: &Source| {
        slice(source) == Some("platform") || places.iter().any(|place| source.path == format!("app/src/{place}"))
    };
    let breaches = imported("app/src", |source, path| {
        // Events and elements are what a component is handed; asking them something is no call of the browser's.
        let handed = path.ends_with("Event") || path.ends_with("Element");
        begins(path, &["web_sys", "js_sys", "gloo_net"]) && !handed && !named(source)
    });
    must_be_empty(
        &breaches,
        "browser calls outside platform/ and the few files that hold socket, microphone, call and bell",
        "all else is testable without a browser",
    );
}

#[test]
fn events_change_models_in_one_place() {
    let mut breaches = Vec::new();
    for source in sources("app/src", "rs") {
        let way_in = source.path.ends_with("/realtime/dispatch.rs")
            || source.path.ends_with("/model.rs")
            // `Function.prototype.apply`, of the browser.
            || source.path.ends_with("/platform/upload.rs");
        if !way_in && source.shipped().contains(".apply(") {
            breaches.push(format!("{}: .apply(…)", source.path));
        }
    }
    must_be_empty(&breaches, "a model changed by a server event outside realtime/dispatch.rs", "there is one way in");
}

#[test]
fn the_server_reads_the_clock_in_one_file() {
    let breaches = imported("server/src", |source, path| {
        let clock = source.path.ends_with("server/src/clock.rs");
        !clock && (path.ends_with("Instant::now") || path.ends_with("SystemTime::now") || path.ends_with("Utc::now"))
    });
    must_be_empty(
        &breaches,
        "a clock outside server/src/clock.rs",
        "time comes in as an argument, so that tests hold it",
    );
}

#[test]
fn every_crate_keeps_the_workspaces_lints() {
    let mut breaches = Vec::new();
    for manifest in sources("crates", "toml").into_iter().chain(sources("app", "toml")).chain(sources("server", "toml"))
    {
        if manifest.path.ends_with("/Cargo.toml") && !manifest.raw.contains("[lints]\nworkspace = true") {
            breaches.push(format!("{}: no [lints] workspace = true", manifest.path));
        }
    }
    must_be_empty(&breaches, "a crate without the workspace's lints", "one bar holds for all");
}

#[test]
fn every_slice_says_what_it_does_on_top() {
    let mut breaches = Vec::new();
    for source in ["server/src", "app/src", "crates"].iter().flat_map(|folder| sources(folder, "rs")) {
        if source.path.ends_with("/mod.rs") && !source.is_test() && !source.raw.starts_with("//!") {
            breaches.push(source.path);
        }
    }
    must_be_empty(
        &breaches,
        "a mod.rs that does not begin with //!",
        "a slice's first lines say what it does and what it never does",
    );
}

#[test]
fn no_file_is_too_long_to_read_at_one_sitting() {
    let mut breaches = Vec::new();
    for source in ["server", "app", "crates"].iter().flat_map(|folder| sources(folder, "rs")) {
        let lines = source.raw.lines().count();
        // The words of a language are a table, in which one looks up a line.
        if lines > 800 && !source.path.contains("app/src/text/") {
            breaches.push(format!("{}: {lines} lines", source.path));
        }
    }
    must_be_empty(&breaches, "a source file of more than 800 lines", "a file is read at one sitting");
}
