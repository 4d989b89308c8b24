//! Scope tokens (RFC 6749 section 3.3).

use esi_security::oauth::scope;
use esi_security::{ErrorKind, Phase};

use crate::support::{kind, scopes};

#[test]
fn words_of_printable_ascii_are_scopes() {
    for names in [
        &[][..],
        &["publicData"],
        &["esi-location.read_location.v1", "esi-skills.read_skills.v1"],
        &["!#$%&'()*+,-./:;<=>?@[]^_`{|}~"],
    ] {
        assert_eq!(scope::check(&scopes(names), Phase::Login), Ok(()));
    }
}

#[test]
fn anything_else_is_refused_in_the_callers_phase() {
    for odd in [
        "", " ", "a b", "a\tb", "a\nb", "a\"b", "a\\b", "é", "\u{7f}", "\0",
    ] {
        for phase in [Phase::Create, Phase::Login, Phase::Refresh] {
            let result = scope::check(&scopes(&["fine", odd]), phase);
            assert!(
                matches!(
                    kind(&result),
                    Some(ErrorKind::InvalidArgument { phase: at, name, .. }) if *at == phase && name == "scopes"
                ),
                "{odd:?}: {result:?}"
            );
        }
    }
}
