//! Points of edwards25519 that are worth nothing: under such a key, or with such an `R`, the equation of RFC
//! 8032 section 5.1.7 holds for signatures that nobody made. Web Cryptography refuses both; browsers and
//! libraries differ.

/// `y` of the points of order 8, little-endian.
const ORDER_8: [[u8; 32]; 2] = [
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
];

/// Whether a point that RFC 8032 section 5.1.2 encodes has a small order, in any encoding of it: with either
/// sign, and with `y` not reduced.
pub(super) fn has_small_order(point: &[u8]) -> bool {
    let [first, middle @ .., last] = point else {
        return false;
    };
    let last = last & 0x7f;
    match (first, last) {
        // 0 and 1.
        (0 | 1, 0) if middle.iter().all(|byte| *byte == 0) => true,
        // -1, and 0 and 1 with the modulus added.
        (0xec..=0xee, 0x7f) if middle.iter().all(|byte| *byte == 0xff) => true,
        _ => ORDER_8
            .iter()
            .any(|[one, between @ .., end]| one == first && between == middle && *end == last),
    }
}
