//! Every error has its code, phase and fields, and JavaScript's documents name them all.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use esi_security::{ErrorKind, Phase};

/// The names of an enum's variants, and a match over them that does not compile without all of them.
macro_rules! variants {
    ($kind:ident, $names:ident, $name_of:ident, [$($variant:ident),* $(,)?]) => {
        const $names: &[&str] = &[$(stringify!($variant)),*];
        fn $name_of(value: &$kind) -> &'static str {
            match value {
                $($kind::$variant { .. } => stringify!($variant),)*
            }
        }
    };
}

variants!(
    ErrorKind,
    ERRORS,
    name_of_error,
    [
        InvalidArgument,
        UnknownOption,
        StorageUnavailable,
        Network,
        Timeout,
        Aborted,
        Http,
        InvalidResponse,
        InvalidMetadata,
        InvalidKeySet,
        StateMissing,
        StateUnknown,
        StateReused,
        LoginExpired,
        LoginNotFound,
        IssuerMismatch,
        AccessDenied,
        AuthorizationFailed,
        NoToken,
        NeedsLogin,
        Superseded,
        TokenMalformed,
        AlgorithmNotAllowed,
        KeyNotFound,
        KeyUnusable,
        SignatureInvalid,
        ClaimMissing,
        ClaimInvalid,
        TokenExpired,
        TokenNotYetValid,
        CryptoUnavailable,
        OriginNotAllowed,
    ]
);

variants!(
    Phase,
    PHASES,
    name_of_phase,
    [
        Create, Metadata, Login, Redirect, Token, Refresh, Update, Revoke, Keys, Verify, Authorize,
        Subscribe,
    ]
);

const ALL_PHASES: [Phase; 12] = [
    Phase::Create,
    Phase::Metadata,
    Phase::Login,
    Phase::Redirect,
    Phase::Token,
    Phase::Refresh,
    Phase::Update,
    Phase::Revoke,
    Phase::Keys,
    Phase::Verify,
    Phase::Authorize,
    Phase::Subscribe,
];

/// What is to be seen of an error beside its code and phase.
#[derive(Debug, Default, PartialEq)]
struct Fields {
    retryable: bool,
    status: Option<u16>,
    error: Option<&'static str>,
    description: Option<&'static str>,
    retry_after: Option<u32>,
    claim: Option<&'static str>,
    cause: Option<&'static str>,
}

fn nothing() -> Fields {
    Fields::default()
}

fn retryable() -> Fields {
    Fields {
        retryable: true,
        ..nothing()
    }
}

fn claim(claim: &'static str) -> Fields {
    Fields {
        claim: Some(claim),
        ..nothing()
    }
}

fn http(phase: Phase, status: u16) -> ErrorKind {
    ErrorKind::Http {
        phase,
        status,
        is_oauth: false,
        error: None,
        description: Some("the description".into()),
        retry_after: Some(9),
    }
}

fn http_fields(status: u16, retryable: bool) -> Fields {
    Fields {
        retryable,
        status: Some(status),
        description: Some("the description"),
        retry_after: Some(9),
        ..nothing()
    }
}

fn oauth(phase: Phase, status: u16, error: &'static str) -> ErrorKind {
    ErrorKind::Http {
        phase,
        status,
        is_oauth: true,
        error: Some(error),
        description: Some("the description".into()),
        retry_after: Some(9),
    }
}

fn oauth_fields(status: u16, error: &'static str, retryable: bool) -> Fields {
    Fields {
        retryable,
        status: Some(status),
        error: Some(error),
        description: Some("the description"),
        retry_after: Some(9),
        ..nothing()
    }
}

/// The variants whose phase is the caller's.
fn in_phase(phase: Phase) -> Vec<(ErrorKind, &'static str, Fields)> {
    vec![
        (
            ErrorKind::InvalidArgument {
                phase,
                name: "scopes".into(),
                reason: "must not be empty".into(),
            },
            "invalid_argument",
            nothing(),
        ),
        (
            ErrorKind::UnknownOption {
                phase,
                name: "client_id".into(),
                suggestion: Some("clientId"),
            },
            "unknown_option",
            nothing(),
        ),
        (
            ErrorKind::StorageUnavailable { phase },
            "storage_unavailable",
            nothing(),
        ),
        (
            ErrorKind::Network {
                phase,
                cause: "TypeError: Failed to fetch".into(),
            },
            "network_error",
            Fields {
                cause: Some("TypeError: Failed to fetch"),
                ..retryable()
            },
        ),
        (ErrorKind::Timeout { phase }, "timeout", retryable()),
        (ErrorKind::Aborted { phase }, "aborted", nothing()),
        (http(phase, 400), "http_error", http_fields(400, false)),
        (http(phase, 401), "http_error", http_fields(401, false)),
        (http(phase, 408), "http_error", http_fields(408, true)),
        (http(phase, 429), "rate_limited", http_fields(429, true)),
        (http(phase, 499), "http_error", http_fields(499, false)),
        (http(phase, 500), "http_error", http_fields(500, true)),
        (http(phase, 503), "http_error", http_fields(503, true)),
        (
            oauth(phase, 400, "invalid_scope"),
            "oauth_error",
            oauth_fields(400, "invalid_scope", false),
        ),
        (
            oauth(phase, 500, "server_error"),
            "oauth_error",
            oauth_fields(500, "server_error", true),
        ),
        (
            oauth(phase, 429, "invalid_request"),
            "rate_limited",
            oauth_fields(429, "invalid_request", true),
        ),
        (
            oauth(phase, 400, "invalid_grant"),
            "invalid_grant",
            oauth_fields(400, "invalid_grant", false),
        ),
        (
            ErrorKind::InvalidResponse {
                phase,
                reason: "it is no JSON object",
            },
            "invalid_response",
            // What the page itself brought, or what stands in the address, gets no better.
            if matches!(phase, Phase::Update | Phase::Redirect) {
                nothing()
            } else {
                retryable()
            },
        ),
        (ErrorKind::NoToken { phase }, "no_token", nothing()),
        (ErrorKind::NeedsLogin { phase }, "needs_login", nothing()),
        (ErrorKind::Superseded { phase }, "superseded", nothing()),
        (
            ErrorKind::CryptoUnavailable { phase },
            "crypto_unavailable",
            nothing(),
        ),
    ]
}

/// The same, of a login that cannot be finished.
fn in_phase_of_a_login(phase: Phase) -> Vec<(ErrorKind, &'static str, Fields)> {
    vec![
        (
            ErrorKind::StateMissing { phase },
            "state_missing",
            nothing(),
        ),
        (
            ErrorKind::StateUnknown { phase },
            "state_unknown",
            nothing(),
        ),
        (
            ErrorKind::StateReused {
                phase,
                logged_in: false,
            },
            "state_reused",
            nothing(),
        ),
        (
            ErrorKind::LoginExpired { phase },
            "login_expired",
            nothing(),
        ),
        (
            ErrorKind::IssuerMismatch { phase },
            "issuer_mismatch",
            nothing(),
        ),
        (
            ErrorKind::AuthorizationFailed {
                phase,
                error: Some("invalid_scope"),
                description: Some("the description".into()),
            },
            "authorization_failed",
            Fields {
                error: Some("invalid_scope"),
                description: Some("the description"),
                ..nothing()
            },
        ),
    ]
}

/// The variants of a login's way, each of which has one phase.
fn on_the_way() -> Vec<(ErrorKind, &'static str, Phase, Fields)> {
    let reason = "the reason";
    vec![
        (
            ErrorKind::InvalidMetadata { reason },
            "invalid_metadata",
            Phase::Metadata,
            retryable(),
        ),
        (
            ErrorKind::InvalidKeySet { reason },
            "invalid_key_set",
            Phase::Keys,
            retryable(),
        ),
        (
            ErrorKind::LoginNotFound,
            "login_not_found",
            Phase::Token,
            nothing(),
        ),
        (
            ErrorKind::AccessDenied {
                description: Some("the description".into()),
            },
            "access_denied",
            Phase::Redirect,
            Fields {
                error: Some("access_denied"),
                description: Some("the description"),
                ..nothing()
            },
        ),
        (
            ErrorKind::OriginNotAllowed {
                origin: "https://evil.example".into(),
            },
            "origin_not_allowed",
            Phase::Authorize,
            nothing(),
        ),
    ]
}

/// The variants of a verification.
fn in_verification() -> Vec<(ErrorKind, &'static str, Fields)> {
    let reason = "the reason";
    vec![
        (
            ErrorKind::TokenMalformed { reason },
            "token_malformed",
            nothing(),
        ),
        (
            ErrorKind::AlgorithmNotAllowed,
            "algorithm_not_allowed",
            nothing(),
        ),
        (ErrorKind::KeyNotFound, "key_not_found", nothing()),
        (ErrorKind::KeyUnusable { reason }, "key_unusable", nothing()),
        (ErrorKind::SignatureInvalid, "signature_invalid", nothing()),
        (
            ErrorKind::ClaimMissing { claim: "aud" },
            "claim_missing",
            claim("aud"),
        ),
        (
            ErrorKind::ClaimInvalid { claim: "iss" },
            "claim_invalid",
            claim("iss"),
        ),
        (ErrorKind::TokenExpired, "token_expired", claim("exp")),
        (
            ErrorKind::TokenNotYetValid { claim: "nbf" },
            "token_not_yet_valid",
            claim("nbf"),
        ),
    ]
}

fn table() -> Vec<(ErrorKind, &'static str, Phase, Fields)> {
    let everywhere = ALL_PHASES.into_iter().flat_map(|phase| {
        let rows = in_phase(phase)
            .into_iter()
            .chain(in_phase_of_a_login(phase));
        rows.map(move |(error, code, fields)| (error, code, phase, fields))
    });
    let verification = in_verification().into_iter();
    let verification =
        verification.map(|(error, code, fields)| (error, code, Phase::Verify, fields));
    everywhere.chain(on_the_way()).chain(verification).collect()
}

#[test]
fn every_error_is_mapped_as_the_table_says() {
    for (error, code, phase, fields) in table() {
        assert_eq!(error.code(), code, "{error:?}");
        assert_eq!(error.phase(), phase, "{error:?}");
        assert_eq!(error.retryable(), fields.retryable, "{error:?}");
        assert_eq!(error.status(), fields.status, "{error:?}");
        assert_eq!(error.oauth_error(), fields.error, "{error:?}");
        assert_eq!(error.oauth_description(), fields.description, "{error:?}");
        assert_eq!(error.retry_after(), fields.retry_after, "{error:?}");
        assert_eq!(error.claim(), fields.claim, "{error:?}");
        assert_eq!(error.cause(), fields.cause, "{error:?}");
    }
}

#[test]
fn every_variant_has_a_row() {
    let rows = table();
    let seen: BTreeSet<&str> = rows.iter().map(|row| name_of_error(&row.0)).collect();
    assert_eq!(seen, ERRORS.iter().copied().collect());
    let seen: BTreeSet<&str> = ALL_PHASES.iter().map(name_of_phase).collect();
    assert_eq!(seen, PHASES.iter().copied().collect());
}

/// A variant may have several codes, but no code several variants.
#[test]
fn no_two_variants_share_a_code() {
    let mut variants: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (error, code, ..) in &table() {
        variants
            .entry(code)
            .or_default()
            .insert(name_of_error(error));
    }
    for (code, names) in variants {
        assert_eq!(names.len(), 1, "{code}: {names:?}");
    }
}

#[test]
fn a_phase_is_named_in_lower_case_by_its_variant() {
    for phase in ALL_PHASES {
        assert_eq!(phase.as_str(), name_of_phase(&phase).to_lowercase());
    }
}

#[test]
fn only_a_400_is_an_invalid_grant() {
    let ends = |status, error| oauth(Phase::Refresh, status, error).is_invalid_grant();
    assert!(ends(400, "invalid_grant"));
    for status in [0, 200, 399, 401, 403, 404, 429, 500, 503] {
        assert!(!ends(status, "invalid_grant"), "{status}");
    }
    assert!(!ends(400, "invalid_token"));
    assert!(!http(Phase::Refresh, 400).is_invalid_grant());
}

#[test]
fn only_a_400_is_an_invalid_token() {
    let doubtful = |status, error| oauth(Phase::Refresh, status, error).is_invalid_token();
    assert!(doubtful(400, "invalid_token"));
    for status in [0, 200, 399, 401, 403, 404, 429, 500, 503] {
        assert!(!doubtful(status, "invalid_token"), "{status}");
    }
    assert!(!doubtful(400, "invalid_grant"));
    assert!(!http(Phase::Refresh, 400).is_invalid_token());
}

/// Metadata and keys are fetched before anything is sent that could be used up.
#[test]
fn only_what_got_no_answer_to_a_request_is_ambiguous() {
    for (error, _, phase, _) in table() {
        let unanswered = matches!(error, ErrorKind::Network { .. } | ErrorKind::Timeout { .. });
        let expected = unanswered && !matches!(phase, Phase::Metadata | Phase::Keys);
        assert_eq!(error.is_ambiguous(), expected, "{error:?}");
    }
}

/// The message is a sentence for people; the server's own texts stand in fields of their own.
#[test]
fn every_message_says_something_and_repeats_no_description() {
    for (error, ..) in table() {
        let message = error.to_string();
        assert!(message.len() > 10, "{error:?}: {message}");
        assert!(!message.contains("the description"), "{message}");
    }
    let without = ErrorKind::UnknownOption {
        phase: Phase::Create,
        name: "colour".into(),
        suggestion: None,
    };
    assert_eq!(without.to_string(), "unknown option `colour`");
    let with = ErrorKind::UnknownOption {
        phase: Phase::Create,
        name: "client_id".into(),
        suggestion: Some("clientId"),
    };
    assert_eq!(
        with.to_string(),
        "unknown option `client_id`; did you mean `clientId`?"
    );
}

/// The user who went back to the SSO's page by the history needs no login.
#[test]
fn a_state_that_was_used_says_whether_there_is_a_session() {
    let message = |logged_in| {
        let phase = Phase::Redirect;
        ErrorKind::StateReused { phase, logged_in }.to_string()
    };
    assert_eq!(message(false), "this `state` has been used already");
    let logged_in = "this `state` has been used already; the user is logged in already";
    assert_eq!(message(true), logged_in);
}

#[test]
fn a_message_says_the_status_and_the_registered_code() {
    let phase = Phase::Refresh;
    let refused = |error| ErrorKind::AuthorizationFailed {
        phase,
        error,
        description: None,
    };
    for (error, message) in [
        (http(phase, 502), "the server answered with status 502"),
        (
            oauth(phase, 400, "invalid_scope"),
            "the server answered `invalid_scope` with status 400",
        ),
        (refused(None), "the server refused the login"),
        (
            refused(Some("invalid_scope")),
            "the server refused the login: `invalid_scope`",
        ),
    ] {
        assert_eq!(error.to_string(), message);
    }
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The members of a union of strings in `types.d.ts`.
fn union(name: &str) -> BTreeSet<String> {
    let types = read("bindings/types.d.ts");
    let (_, rest) = types
        .split_once(&format!("export type {name} ="))
        .expect(name);
    let (body, _) = rest.split_once(';').expect(name);
    body.lines()
        .filter_map(|line| line.trim().strip_prefix("| \"")?.strip_suffix('"'))
        .map(String::from)
        .collect()
}

/// What the loader alone can say, before there is any Rust.
const LOADER_CODES: [&str; 2] = ["load_failed", "not_initialized"];

fn codes() -> BTreeSet<String> {
    let codes = table().into_iter().map(|row| row.1);
    codes.chain(LOADER_CODES).map(String::from).collect()
}

#[test]
fn types_d_ts_names_exactly_these_codes() {
    assert_eq!(union("EsiErrorCode"), codes());
}

#[test]
fn types_d_ts_names_exactly_these_phases() {
    let phases = ALL_PHASES.iter().map(|phase| phase.as_str());
    let expected = phases.chain(["load"]).map(String::from).collect();
    assert_eq!(union("EsiPhase"), expected);
}

#[test]
fn the_loader_uses_no_other_codes() {
    let loader = ["js/index.js", "js/module.js", "js/node.js"]
        .map(read)
        .concat();
    let mut made = 0;
    for code in LOADER_CODES {
        let count = loader.matches(&format!("\"{code}\", \"load\"")).count();
        assert!(count > 0, "{code}");
        made += count;
    }
    assert_eq!(loader.matches("new EsiError(").count(), made);
}

/// The table of `docs/errors.md` has each code in one row, says whether it is retryable, and has nothing else.
#[test]
fn the_document_explains_exactly_these_codes() {
    let document = read("docs/errors.md");
    let (_, table) = document
        .split_once("\n| `code` | Meaning |")
        .expect("the table");
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let mut explained = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, code, _, _, retryable, _] = cells[..] else {
            panic!("{row}")
        };
        let code = code.trim_matches('`').to_owned();
        assert!(explained.insert(code, retryable).is_none(), "twice: {row}");
    }
    assert_eq!(explained.keys().cloned().collect::<BTreeSet<_>>(), codes());
    let mut answers: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
    for (error, code, ..) in self::table() {
        answers.entry(code).or_default().insert(error.retryable());
    }
    for (code, answers) in answers {
        let expected = match (answers.contains(&true), answers.contains(&false)) {
            (true, true) => "sometimes",
            (true, false) => "yes",
            _ => "no",
        };
        assert_eq!(explained[code], expected, "{code}");
    }
}
