//! `docs/behaviours.md` lists every behaviour once and names the tests that show it; titles name known behaviours only.
//!
//! `BLESS=1 cargo test -p testkit --test tree` (`make behaviours`) brings the page's test column up to date.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::reader::{must_be_empty, root, sources};

const PAGE: &str = "docs/behaviours.md";

/// The numbers that must be listed.
fn every_number() -> Vec<String> {
    let numbers = |letter: char, last: usize| (1..=last).map(move |number| format!("{letter}{number}"));
    numbers('S', 92).chain(numbers('A', 34)).chain(numbers('C', 10)).collect()
}

struct Row {
    number: String,
    words: String,
    state: String,
    tests: BTreeSet<String>,
}

impl Row {
    fn read(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
        let [number, words, state, tests] = cells.as_slice() else { return None };
        if !is_number(number) {
            return None;
        }
        let tests =
            tests.split("` `").map(|title| title.trim_matches('`').to_owned()).filter(|title| !title.is_empty());
        Some(Self { number: (*number).into(), words: (*words).into(), state: (*state).into(), tests: tests.collect() })
    }

    fn write(&self) -> String {
        let Self { number, words, state, tests } = self;
        let tests: String = tests.iter().flat_map(|title| ["`", title.as_str(), "` "]).collect();
        format!("| {number} | {words} | {state} | {tests}|")
    }
}

/// `S24`, `A3`, `C10`.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['S', 'A', 'C']).unwrap_or_default();
    !digits.is_empty()
        && digits.len() <= 2
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn rows() -> Vec<Row> {
    fs::read_to_string(root().join(PAGE)).expect("the page").lines().filter_map(Row::read).collect()
}

/// Every number that a test's title names, with those titles.
fn tests_by_number() -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut note = |number: String, title: &str| {
        found.entry(number).or_default().insert(title.replace('|', "/").replace('`', "'"));
    };
    for source in ["app", "server", "crates"].iter().flat_map(|folder| sources(folder, "rs")) {
        for name in source.code.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next()) {
            for number in name.split('_').map(str::to_uppercase).filter(|word| is_number(word)) {
                note(number, name);
            }
        }
    }
    for source in sources("end2end", "ts") {
        for title in titles(&source.raw) {
            for number in title.split(|c: char| !c.is_alphanumeric()).filter(|word| is_number(word)) {
                note(number.to_owned(), &title);
            }
        }
    }
    found
}

/// The first argument of every `test("…", …)`.
fn titles(code: &str) -> Vec<String> {
    code.split("test(")
        .skip(1)
        .filter_map(|rest| {
            let rest = rest.trim_start();
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
            rest.strip_prefix(quote)?.split_once(quote).map(|(title, _)| title.to_owned())
        })
        .collect()
}

#[test]
fn the_page_lists_every_behaviour_once() {
    let listed: Vec<String> = rows().into_iter().map(|row| row.number).collect();
    assert_eq!(listed, every_number(), "{PAGE} lists each number once, in order");
}

#[test]
fn titles_name_known_behaviours_only() {
    let known: BTreeSet<String> = every_number().into_iter().collect();
    let unknown: Vec<String> = tests_by_number()
        .into_iter()
        .filter(|(number, _)| !known.contains(number))
        .map(|(number, titles)| format!("{number}: {titles:?}"))
        .collect();
    must_be_empty(
        &unknown,
        "a test named for a behaviour that is not in docs/behaviours.md",
        "a number that nobody can look up proves nothing",
    );
}

#[test]
fn the_page_and_the_tests_agree() {
    let tests = tests_by_number();
    if std::env::var_os("BLESS").is_some() {
        bless(&tests);
    }
    let mut breaches = Vec::new();
    for Row { number, state, tests: claimed, .. } in rows() {
        let existing = tests.get(&number).cloned().unwrap_or_default();
        for title in claimed.difference(&existing) {
            breaches.push(format!("{number}: no test is called `{title}`, or its title does not name {number}"));
        }
        for title in existing.difference(&claimed) {
            breaches.push(format!("{number}: `{title}` is not listed"));
        }
        match (state.as_str(), existing.is_empty()) {
            ("planned", true) | ("partly" | "proven", false) => {}
            ("planned" | "partly" | "proven", _) => {
                breaches.push(format!("{number}: {state}, with {} tests", existing.len()));
            }
            (other, _) => breaches.push(format!("{number}: `{other}` is neither planned, partly nor proven")),
        }
    }
    must_be_empty(
        &breaches,
        "docs/behaviours.md differs from the tests (`make behaviours` mends the list)",
        "a page of proofs must be true",
    );
}

fn bless(tests: &BTreeMap<String, BTreeSet<String>>) {
    let path = root().join(PAGE);
    let page = fs::read_to_string(&path).expect("the page");
    let lines = page.lines().map(|line| {
        let Some(mut row) = Row::read(line) else { return line.to_owned() };
        row.tests = tests.get(&row.number).cloned().unwrap_or_default();
        row.state = match (row.tests.is_empty(), row.state.as_str()) {
            (true, _) => "planned".into(),
            (false, "proven") => "proven".into(),
            (false, _) => "partly".into(),
        };
        row.write()
    });
    fs::write(&path, lines.map(|line| line + "\n").collect::<String>()).expect("the page can be written");
}
