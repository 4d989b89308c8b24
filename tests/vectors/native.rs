//! The table through the Rust backend, as a native program uses it.

use esi_security::Error;
use esi_security::jwt::{Claims, DEFAULT_KID, EVE_AUDIENCE, KeySet, Rules, SignatureCheck};

use crate::token::{CLIENT, bytes};
use crate::vector::{Outcome, Vector};
use crate::{TABLE, conclude};

fn verify(vector: &Vector) -> Result<Claims, Error> {
    let mut rules = Rules::eve(CLIENT, "https://login.eveonline.com");
    rules.require_authorized_party = vector.require_azp;
    if let Some(algorithms) = &vector.algorithms {
        rules.algorithms.clone_from(algorithms);
    }
    if let Some(audiences) = &vector.audiences {
        rules.audiences.clone_from(audiences);
        rules.require_character = audiences.iter().any(|audience| audience == EVE_AUDIENCE);
    }
    if let Some(issuers) = &vector.issuers {
        rules.issuers.clone_from(issuers);
    }
    let keys = KeySet::parse(&vector.keys)?;
    let kid = vector.kid.unwrap_or(DEFAULT_KID);
    let check = SignatureCheck::prepare(&vector.token, &keys, &rules.algorithms, kid)?;
    let verdict = check.verify_in_rust()?;
    let claims = check.finish(&verdict)?;
    rules.check(&claims, &vector.checks, vector.now)?;
    Ok(claims)
}

/// How it came out otherwise, if so.
fn failure(vector: &Vector) -> Option<String> {
    let verified = verify(vector);
    let outcome = verified
        .as_ref()
        .map_or_else(Outcome::from, |_| Outcome::Verified);
    let name = &vector.name;
    if outcome != vector.outcome {
        return Some(format!("{name}: {outcome:?} for {:?}", vector.outcome));
    }
    let payload = || bytes(vector.token.split('.').nth(1).unwrap());
    let other = verified.is_ok_and(|claims| claims.raw.into_bytes() != payload());
    other.then(|| format!("{name}: other claims than were signed"))
}

#[test]
fn every_vector_comes_out_as_it_should() {
    let table: Vec<Vector> = TABLE.concat().into_iter().flat_map(|part| part()).collect();
    let failures: Vec<String> = table.iter().filter_map(failure).collect();
    println!("{}", conclude(&table, &failures));
}
