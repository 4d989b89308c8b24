//! Native property tests: what has to hold for whatever comes in, tried with values that proptest makes
//! up. The number before each property says with how many; a test below adds them up, and sees to it
//! that there are at least 100,000 in all. `ESI_SECURITY_CASES=1000000` asks for that many instead. The
//! single bits are flipped one and all, and not counted among these cases.
#![cfg(all(feature = "rust-crypto", not(target_arch = "wasm32")))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod authorization_response;
mod bit_flips;
mod claims;
mod error_response;
mod json;
mod key_set;
mod metadata;
mod pkce;
mod rules;
mod runner;
mod session;
mod signer;
mod text;
mod token;
mod token_response;

/// Makes each property a test, and their cases a sum.
macro_rules! properties {
    ($($cases:literal $noun:ident::$property:ident;)*) => {
        const CASES: u32 = 0 $(+ $cases)*;

        $(
            #[test]
            fn $property() {
                let cases = $cases * runner::factor(CASES);
                runner::tried();
                $noun::$property(cases);
                // What the number promises has been tried, and not only promised.
                assert_eq!(runner::tried(), cases);
            }
        )*
    };
}

properties! {
    15_000 token::no_text_is_a_valid_token;
    15_000 token::an_edited_token_never_verifies;
     5_000 token::parts_of_several_tokens_never_verify;
     6_000 token::a_signed_header_decides_nothing_else;
     8_000 claims::signed_claims_are_read_as_they_are;
    10_000 rules::claims_that_pass_keep_every_rule;
     8_000 rules::a_token_is_valid_without_a_gap;
     6_000 key_set::an_edited_key_set_is_read_without_harm;
     8_000 key_set::an_accepted_key_set_keeps_the_rules;
     5_000 metadata::no_text_is_metadata_by_accident;
    10_000 metadata::accepted_metadata_has_safe_addresses;
     8_000 authorization_response::any_callback_is_read_without_harm;
     8_000 authorization_response::an_authorization_response_has_one_outcome;
     3_000 pkce::a_verifier_is_within_the_standard;
     8_000 token_response::a_token_response_is_usable_or_refused;
     4_000 error_response::an_error_answer_betrays_nothing;
     6_000 session::any_row_is_restored_without_harm;
     6_000 session::any_logins_are_restored_without_harm;
     3_000 session::clocks_are_measured_without_harm;
}

#[test]
fn there_are_a_hundred_thousand_cases() {
    let least = 100_000;
    assert!(CASES >= least, "{CASES}");
    // Asking for more gives at least that many, and asking for fewer no fewer.
    let wanted = std::env::var("ESI_SECURITY_CASES").map_or(least, |text| text.parse().unwrap());
    assert!(CASES * runner::factor(CASES) >= wanted.max(least));
}
