//! RSA keys and signatures (RFC 8017) from first principles, so that a signature can also be wrong in every
//! way: jwt-compact makes only right ones. The private keys are known to everybody: for tests alone.

use num_bigint_dig::BigUint;
use serde_json::Value;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::token::{base64url, bytes, with};

/// A key pair.
pub(crate) struct Rsa {
    n: &'static str,
    e: &'static str,
    d: &'static str,
}

/// Ours, of 2048 bits.
pub(crate) const OURS: Rsa = Rsa {
    n: "y5eiM4zqDOaeyoiKzv-uIQdC2dPQoeoA0Bls_VU1W8ceiQ-jagCO7cO02V0faRXUrVJ5zcm3grE0SYrV7WWtQ2uCJW0n\
     L7lv4Kd2X7carM16A6hrQOArLsfj1nnyV6vedA-UFyx3llmW7lEcTuuTJrjxZL_c2WC0nV1pYxv6yqewU4FKgongWT19\
     54nY73OprGNT2K31yXxScATKaA8vB6Vxzhnx2yQz8CqtYCNPZiYvW-_oQ9QFkrUszLqCbSObsnvC6QmneITQQcxcPMyY\
     3gmXKkcXPMbmXw8GxyPYmpNIRUBHvy8LMea05Sq3d631n9LAkC9J3aSF0wtElSFnGQ",
    e: "AQAB",
    d: "BPm7RMMM84Y6Y_aJB8VMmFn56Qj3qPMz5WqV7GUF71_lKHIl9cyHoJ7IwqSd3jME0M2Nw39bfIVXIuOBfJJTuU7H8Fzy\
     tOrGagG9s54hHlOIriJFhpz-ibToR_dDtkntONwINJQchlbBTQazKnDbEkdKdiiy36aXRpp1cuqmXjskUOeCJ5DKEiPC\
     Cgt-TBooo0Q2BqlxOMrsqr5W1BMSvxovPZJEiSWb4W6Ny10KTRxPCIdmSui-e6-bf75zU9sPnxwqt-R4u9AIhZN9qNmD\
     aUuTXGbWAt1erxoSBoT6d1vwjWBRxPKdzlAjOLFhHHm0aoWxcNhgSaWxWIXGH0SI7w",
};

/// Somebody else's, with the exponent 3.
pub(crate) const THEIRS: Rsa = Rsa {
    n: "uaOtMnfG2ceGc68VL8auT6xS3ysHWwlkqIm-JRJzNiTnOSl-30TeTnPVDfmxFDg0r695QhD6KYOBh8VtTlEIf21AyumY\
     1gz7pEcjD0Pun_0nbmmQn6gUzk88n4kG9_D09TfUnazIkTjvtAekPJPFZoQiQSqQfqbstQEwXCjkPn2c1ZI137UMlrOF\
     -BmkldG1CVHt6f1elp3N_dehMLa3jyf1GdaFxqv9Beyz2SnkUllZlRFqBZPHTHNjJ8Yl7kj8KpwhYvm9Ek0kZG0v-kg6\
     n72qTpn810rW6mrh9Lpv8B9JbXCz-1U21FyrbvAJcpwRibZ0CmlZ7MsUOgxinB2G0Q",
    e: "Aw",
    d: "e8JzdvqEkS-u98oOH9nJinLh6hyvkgZDGwZ-w2GiJBiaJhup6i3piaKOCVEguCV4dR-mLAtRcQJWWoOeNDYFqkjV3Ju7\
     OV39GC9stNf0aqjE9EZganAN3t99v7CvT_X4o3qNvnMwYNCfzVptfbfY7wLBgMcK_xnzI1YgPXCYKafvTgvwGn_F1MK_\
     -oFftFTnU5BGI6_SuP2bue96Vsw2Iky9cbFaB_sqRxKKY9LI4zCPP4oifutaGk1kstoP2rNkgJ9yYrC9cYc_JiVp0Eh2\
     sf-xdOtB2HfG9Y9qif9xVANa8dUhsRm1rRssFZcYVDeRvfVPCsUD3-cXPQ51uYDCIw",
};

/// Of 2049 bits: with PSS the padded message is a byte shorter than the key.
pub(crate) const UNEVEN: Rsa = Rsa {
    n: "AZQmkO5JpUJmnLbs0HBXavXAyKL_H4E3om5C0S1wogQbAxlYCAHx7bGJdGmgx3VXdnJPHDpwpiDb0kVvYGq4bmvJJ9Oq\
     WUtBvBWyyIvyecSJ6pwxdoMIyl6XOK0GAT3mUUbhqqO0RMmkQ43MQLTa6EZf2LKONoX8FYVBr5UmWHTYuc_efQHzRMVk\
     TIx_TYn3aFqEjKMJZ5uJnWCXFQXjEkIEl7_iiicgfGU-oOjYhnKHqSv4AMpSTajvfHAkqt2jL8I11S7LFnGeXQBLov7V\
     KXYyzVBIgsHjtA8Pn1AxRUhhKIpb-SdTuOvhUxbWA7-6g2iQbBOhf5Rbp_4OtI5tLS0",
    e: "AQAB",
    d: "ASzbhNqOomKK5rDaG9T1jp9Bk1qbl0VnOBjizrsH9OQfg7ATM2rXQX3_eFTFppX4tSklMTtj7pfZbG_aGKl5gGHmzioo\
     zu5SEgUJIXfk2rbvgGIkBDhJi_TcmAldxgDherHMfm39XZPKH6voWGcJ6w2wfi115qrZXN_lZSMf94uKe0rmTeHYQIsz\
     zeuGmpF1ZgrILzIgrIaRsrwJBc7DVG4uFoqPh7pt0P80uUnJw-3PAeObRfKZT5mdUqpp3EMBBDCWBPU87QyfZ3dkiO5m\
     yzQ9rP_liKcmHiKpzPONqMHdLw0M9t5IejrpBOYOcbHaPqyZ3bClvFVEiFTlM4ynUWE",
};

/// Of 1024 bits.
pub(crate) const WEAK: Rsa = Rsa {
    n: "vbrHaRVHaF6urgcwks359zQygcFqrfKlGztI-_vWd7pOmxn1UGOzqUzpR7kvw6LyGkwYPaX4FPw4vxRip3-6SXGs2ARS\
     TrVP9hl5l10j4xsPztsprse5_rdbXM9GQRi0VheCStIfX1QBBtGWaVIPjy1wa-G0T_3tBEfXQNClSpU",
    e: "AQAB",
    d: "EnAxauvveZwh-7WlKc8sqLKA6g1C8c6v7vqO-DYcPJx1gSs_pOVbk2tvDFJZ6vhN8PJONMeJWXi9hwxTHhYSo1-6-M3z\
     e_tkc4Feg08_8NdCh3PL7K6YZhOCXoJzPO6KC9Xy7gZ7cKy6rEIheg_5PPNLuFS7KnWFa4MpwffekA0",
};

/// SHA-2 by the length of its digest.
#[derive(Clone, Copy)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(crate) fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha384 => Sha384::digest(data).to_vec(),
            Self::Sha512 => Sha512::digest(data).to_vec(),
        }
    }

    /// What stands before the digest (RFC 8017 section 9.2, note 1).
    fn digest_info(self) -> Vec<u8> {
        let (number, length) = match self {
            Self::Sha256 => (1, 32),
            Self::Sha384 => (2, 48),
            Self::Sha512 => (3, 64),
        };
        let hash = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, number];
        let head = [0x30, 17 + length, 0x30, 0x0d, 0x06, 0x09];
        [&head[..], &hash, &[0x05, 0x00, 0x04, length]].concat()
    }

    /// MGF1 (RFC 8017 appendix B.2.1).
    fn mask(self, seed: &[u8], length: usize) -> Vec<u8> {
        let block = |counter: u32| self.digest(&[seed, &counter.to_be_bytes()].concat());
        (0..).flat_map(block).take(length).collect()
    }
}

/// EMSA-PSS (RFC 8017 section 9.1) in numbers and bytes that can be set wrongly.
#[derive(Clone, Copy)]
pub(crate) struct Pss {
    pub(crate) hash: Hash,
    pub(crate) mask: Hash,
    pub(crate) salt: usize,
    pub(crate) trailer: u8,
}

impl Pss {
    /// As RFC 7518 section 3.5 wants it.
    pub(crate) fn new(hash: Hash) -> Self {
        Self {
            hash,
            mask: hash,
            salt: hash.digest(&[]).len(),
            trailer: 0xbc,
        }
    }

    fn encode(self, message: &[u8], bits: usize) -> Vec<u8> {
        let salt = vec![0x5a; self.salt];
        let digest = self.hash.digest(message);
        let hash = self.hash.digest(&[&[0; 8], &digest[..], &salt].concat());
        let length = bits.div_ceil(8) - hash.len() - 1;
        let zeros = vec![0; length - 1 - salt.len()];
        let block = [&zeros[..], &[1], &salt].concat();
        let mask = self.mask.mask(&hash, length);
        let mut masked: Vec<u8> = block.iter().zip(mask).map(|(a, b)| a ^ b).collect();
        masked[0] &= 0xff >> (bits.div_ceil(8) * 8 - bits);
        [&masked[..], &hash, &[self.trailer]].concat()
    }
}

impl Rsa {
    /// The public key as JSON, with more members.
    pub(crate) fn jwk(&self, members: &Value) -> Value {
        let jwk = serde_json::json!({ "kty": "RSA", "n": self.n, "e": self.e });
        with(jwk, members)
    }

    pub(crate) fn modulus(&self) -> Vec<u8> {
        bytes(self.n)
    }

    fn number(text: &str) -> BigUint {
        BigUint::from_bytes_be(&bytes(text))
    }

    /// The private operation on any bytes that are less than the modulus.
    pub(crate) fn raw(&self, message: &[u8]) -> Vec<u8> {
        let power =
            BigUint::from_bytes_be(message).modpow(&Self::number(self.d), &Self::number(self.n));
        self.wide(&power)
    }

    /// A number in as many bytes as the modulus has.
    fn wide(&self, number: &BigUint) -> Vec<u8> {
        let bytes = number.to_bytes_be();
        [vec![0; self.modulus().len() - bytes.len()], bytes].concat()
    }

    /// The same signature to whoever forgets that it must be less than the modulus.
    pub(crate) fn plus_modulus(&self, signature: &[u8]) -> Vec<u8> {
        self.wide(&(BigUint::from_bytes_be(signature) + Self::number(self.n)))
    }

    /// EMSA-PKCS1-v1_5 (RFC 8017 section 9.2) around any content, with any block type and as much padding
    /// as fits, less `fewer` bytes.
    pub(crate) fn block(&self, kind: u8, content: &[u8], fewer: usize) -> Vec<u8> {
        let padding = vec![0xff; self.modulus().len() - 3 - content.len() - fewer];
        [&[0, kind], &padding[..], &[0], content].concat()
    }

    /// What an RSASSA-PKCS1-v1_5 signature hides.
    pub(crate) fn content(hash: Hash, message: &[u8]) -> Vec<u8> {
        [hash.digest_info(), hash.digest(message)].concat()
    }

    /// RSASSA-PKCS1-v1_5.
    pub(crate) fn pkcs1(&self, hash: Hash, message: &str) -> Vec<u8> {
        self.raw(&self.block(1, &Self::content(hash, message.as_bytes()), 0))
    }

    /// RSASSA-PSS.
    pub(crate) fn pss(&self, pss: Pss, message: &str) -> Vec<u8> {
        let bits = Self::number(self.n).bits() - 1;
        self.raw(&pss.encode(message.as_bytes(), bits))
    }

    /// The public key as X.509 writes it (RFC 3279 section 2.3.1), for keys of 256 bytes.
    pub(crate) fn spki(&self) -> Vec<u8> {
        let exponent = bytes(self.e);
        let numbers = [
            der(2, &[&[0], &self.modulus()[..]].concat()),
            der(2, &exponent),
        ]
        .concat();
        let key = [vec![0], der(0x30, &numbers)].concat();
        let rsa_encryption = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
        let algorithm = [der(6, &rsa_encryption), der(5, &[])].concat();
        der(0x30, &[der(0x30, &algorithm), der(3, &key)].concat())
    }

    /// The same as text (RFC 7468 section 13).
    pub(crate) fn pem(&self) -> String {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(self.spki());
        let lines: Vec<&str> = (0..text.len())
            .step_by(64)
            .map(|at| &text[at..text.len().min(at + 64)])
            .collect();
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            lines.join("\n")
        )
    }

    /// The modulus as a key set writes it.
    pub(crate) fn modulus_text(&self) -> String {
        base64url(self.modulus())
    }
}

/// One element of DER (X.690 section 8.1).
pub(crate) fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match u8::try_from(length) {
        Ok(short @ ..0x80) => vec![tag, short],
        Ok(length) => vec![tag, 0x81, length],
        Err(_) => [
            &[tag, 0x82],
            &u16::try_from(length).unwrap().to_be_bytes()[..],
        ]
        .concat(),
    };
    [&head, content].concat()
}
