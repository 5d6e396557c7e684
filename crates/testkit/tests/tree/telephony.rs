//! `docs/telephony-tests.md` names tests that exist.

use std::fs;

use crate::reader::{must_be_empty, root, sources};

const PAGE: &str = "docs/telephony-tests.md";

#[test]
fn the_page_of_telephony_names_tests_that_exist() {
    let page = fs::read_to_string(root().join(PAGE)).expect("the page");
    let cited: Vec<(&str, &str)> = page.split('`').filter_map(|text| text.split_once(".rs::")).collect();
    assert!(cited.len() > 50, "{} tests are named", cited.len());
    let sources: Vec<_> = ["server", "crates"].iter().flat_map(|folder| sources(folder, "rs")).collect();
    let is_there = |(file, name): &(&str, &str)| {
        let (file, name) = (format!("/{file}.rs"), format!("fn {name}("));
        sources.iter().any(|source| format!("/{}", source.path).ends_with(&file) && source.code.contains(&name))
    };
    let missing: Vec<String> =
        cited.iter().filter(|one| !is_there(one)).map(|(file, name)| format!("{file}.rs::{name}")).collect();
    must_be_empty(&missing, "tests that docs/telephony-tests.md names", "a page of proofs must be true");
    let numbers = page.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |")?.0.parse::<u8>().ok());
    assert!(numbers.eq(1..=20), "each of the twenty once, in order");
}
