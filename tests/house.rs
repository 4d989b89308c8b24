//! The house rules that no compiler keeps: what each floor may touch, and what stands nowhere.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files of a folder and those below it, or the one file.
fn sources(path: &str) -> Vec<PathBuf> {
    let path = root().join(path);
    if path.is_file() {
        return vec![path];
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(&path).unwrap() {
        let entry = entry.unwrap().path();
        if entry.is_dir() {
            files.extend(sources(
                entry.strip_prefix(root()).unwrap().to_str().unwrap(),
            ));
        } else if entry.extension().is_some_and(|kind| kind == "rs") {
            files.push(entry);
        }
    }
    assert!(!files.is_empty(), "{} has no sources", path.display());
    files
}

/// Each line of code, comments left out, with its place.
fn code(paths: &[&str]) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for file in paths.iter().flat_map(|path| sources(path)) {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            // An address in a string is no comment.
            let code = if line.contains("://") { line } else { code };
            lines.push((format!("{name}:{}", number + 1), code.to_owned()));
        }
    }
    lines
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// True if `name` stands in `line` as a word of its own: `web::` is not in `my_web::`.
fn names(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(start, _)| {
        let end = start + name.len();
        let before = line.as_bytes().get(start.wrapping_sub(1)).copied();
        let after = line.as_bytes().get(end).copied();
        let joined = |inner: Option<char>, outer: Option<u8>| {
            inner.is_some_and(|c| c.is_ascii_alphanumeric()) && outer.is_some_and(is_word_byte)
        };
        !joined(name.chars().next(), before) && !joined(name.chars().last(), after)
    })
}

fn nowhere(paths: &[&str], forbidden: &[&str]) {
    let lines = code(paths);
    let mut found = Vec::new();
    for name in forbidden {
        let places = lines.iter().filter(|(_, line)| names(line, name));
        found.extend(places.map(|(place, line)| format!("{place}: `{name}` in {}", line.trim())));
    }
    assert!(found.is_empty(), "{found:#?}");
}

const PURE: &[&str] = &[
    "src/oauth",
    "src/jwt",
    "src/session",
    "src/error.rs",
    "src/suggestion.rs",
    "src/json.rs",
    "src/record.rs",
    "src/text.rs",
];

#[test]
fn names_are_found_as_words() {
    for (line, name, found) in [
        ("use web::x;", "web::", true),
        ("use crate::web::x;", "web::", true),
        ("use cobweb::x;", "web::", false),
        ("x.unwrap()", ".unwrap()", true),
        ("x.unwrap_or(1)", ".unwrap()", false),
        ("let session = 1;", "session", true),
        ("let sessions = 1;", "session", false),
        ("Instant::now()", "Instant", true),
        ("Instantly", "Instant", false),
        ("gloo_net::http", "gloo", false),
        ("gloo_net::http", "gloo_net", true),
    ] {
        assert_eq!(names(line, name), found, "{name} in {line}");
    }
}

/// Floors 1 and 2 know no clock, no network, no randomness and no browser.
#[test]
fn the_pure_floors_are_pure() {
    nowhere(
        PURE,
        &[
            "wasm_bindgen",
            "wasm_bindgen_futures",
            "serde_wasm_bindgen",
            "js_sys",
            "web_sys",
            "gloo_net",
            "gloo",
            "getrandom",
            "std",
            "SystemTime",
            "Instant",
            "println!",
            "print!",
            "eprintln!",
            "eprint!",
            "dbg!",
            "web",
            "thread_local!",
            "async",
            "target_arch",
        ],
    );
}

/// The client knows the outside world by its trait alone.
#[test]
fn the_client_knows_no_browser() {
    nowhere(
        &["src/client"],
        &[
            "wasm_bindgen",
            "wasm_bindgen_futures",
            "serde_wasm_bindgen",
            "js_sys",
            "web_sys",
            "gloo_net",
            "getrandom",
            "std",
            "web",
            "thread_local!",
            "target_arch",
        ],
    );
}

/// Dependencies point downward only.
#[test]
fn each_floor_knows_those_below_alone() {
    nowhere(&["src/oauth", "src/jwt"], &["session"]);
    nowhere(&["src/oauth"], &["jwt"]);
    nowhere(&["src/jwt"], &["oauth"]);
    nowhere(PURE, &["crate::client", "crate::web"]);
}

/// The modules of `floor` that a file names in its `use super::…` lines.
fn imports(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let mut modules = Vec::new();
    for statement in text.split("use super::").skip(1) {
        let statement = statement.split(';').next().unwrap();
        let names = match statement.strip_prefix('{') {
            // `use super::{address, clock::now};`
            Some(list) => list.trim_end_matches('}').split(',').collect(),
            None => vec![statement],
        };
        for name in names {
            let name = name.trim().split("::").next().unwrap();
            modules.push(name.split(" as ").next().unwrap().to_owned());
        }
    }
    modules
}

/// A circle among the files of a floor, if there is one.
fn circle(floor: &str) -> Option<Vec<String>> {
    let mut waiting: Vec<(String, Vec<String>)> = Vec::new();
    for file in sources(floor) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if name != "mod" {
            waiting.push((name, imports(&file)));
        }
    }
    let known: Vec<String> = waiting.iter().map(|(name, _)| name.clone()).collect();
    for (_, imports) in &mut waiting {
        imports.retain(|name| known.contains(name));
    }
    // Whoever imports nothing that still waits cannot be part of one.
    loop {
        let left: Vec<String> = waiting.iter().map(|(name, _)| name.clone()).collect();
        waiting.retain(|(_, imports)| imports.iter().any(|name| left.contains(name)));
        if waiting.len() == left.len() {
            return (!left.is_empty()).then_some(left);
        }
    }
}

#[test]
fn no_floor_has_a_circle() {
    for floor in [
        "src/oauth",
        "src/jwt",
        "src/session",
        "src/client",
        "src/web",
    ] {
        assert!(sources(floor).len() > 5, "{floor}");
        assert_eq!(circle(floor), None, "{floor}");
    }
    let imported = imports(&root().join("src/client/login.rs"));
    assert!(imported.contains(&"security".to_owned()), "{imported:?}");
}

#[test]
fn the_library_does_not_know_the_bindings() {
    nowhere(&["src"], &["bindings", "esi_security_bindings"]);
}

/// A panic in an exported function leaves its promise pending for ever.
#[test]
fn nothing_panics_at_the_edge() {
    nowhere(
        &["src", "bindings/src"],
        &[
            ".unwrap()",
            ".unwrap_err()",
            ".expect(",
            ".expect_err(",
            ".unwrap_throw()",
            ".expect_throw(",
            ".unwrap_unchecked()",
            "panic!",
            "todo!",
            "unimplemented!",
            "unreachable!",
            "assert!",
            "assert_eq!",
            "assert_ne!",
        ],
    );
}

/// A release build of the package writes nothing there: `-Zfmt-debug=none` in `scripts/standard-library.js`.
#[test]
fn no_text_is_made_by_debug() {
    nowhere(&["src", "bindings/src"], &[":?}", ":#?}"]);
}

#[test]
fn nothing_is_printed_but_the_warnings() {
    nowhere(
        &["src", "bindings/src"],
        &["println!", "eprintln!", "print!", "eprint!", "dbg!"],
    );
    let with_console = code(&["src", "bindings/src"]);
    let with_console = with_console
        .iter()
        .filter(|(_, line)| names(line, "js_namespace = console"))
        .map(|(place, _)| place.split(':').next().unwrap());
    assert!(with_console.eq(["src/web/console.rs"]));
}

fn manifest(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// `forbid` cannot be taken back by an attribute, so it is enough that both crates have it.
#[test]
fn unsafe_code_is_forbidden_in_both_crates() {
    let (workspace, bindings) = (manifest("Cargo.toml"), manifest("bindings/Cargo.toml"));
    let (_, lints) = workspace.split_once("[workspace.lints.rust]\n").unwrap();
    let (lints, _) = lints.split_once("\n[").unwrap();
    assert!(lints.lines().any(|line| line == "unsafe_code = \"forbid\""));
    for manifest in [workspace, bindings] {
        assert!(manifest.contains("\n[lints]\nworkspace = true\n"));
    }
    nowhere(&["src", "bindings/src"], &["unsafe"]);
}

/// The crates that the project is to be built on do work here, and are no decoration of the manifest.
#[test]
fn every_crate_is_used() {
    let lines = code(&["src", "bindings/src"]);
    for name in [
        "wasm_bindgen",
        "wasm_bindgen_futures",
        "web_sys",
        "js_sys",
        "serde_wasm_bindgen",
        "gloo_net",
        "jwt_compact",
        "sha2",
        "base64",
        "getrandom",
        "serde",
        "serde_json",
        "form_urlencoded",
        "anyhow",
    ] {
        let used = lines.iter().any(|(_, line)| {
            names(line, &format!("{name}::")) && !line.trim_start().starts_with("mod ")
        });
        assert!(used, "{name} is named nowhere");
    }
}

/// What depends on the browser stays thin: tests of it are slow, and need one.
#[test]
fn the_browser_is_a_third_of_the_code_at_most() {
    let count = |paths: &[&str]| {
        let lines = code(paths);
        lines
            .iter()
            .filter(|(_, line)| !line.trim().is_empty())
            .count()
    };
    let edge = count(&["src/web", "bindings/src"]);
    let below = count(PURE) + count(&["src/client"]);
    assert!(
        edge * 3 < edge + below,
        "{edge} lines at the edge, {below} below it"
    );
}
