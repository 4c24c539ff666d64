//! The signature of a call: that it is ours, whole, and not an old one played again.

#![cfg_attr(not(test), expect(dead_code, reason = "no web hook is called yet"))]

use hmac::{Hmac, KeyInit, Mac};
use ngoma_message::Timestamp;
use sha2::Sha256;
use std::time::Duration;

/// The header that carries it: `Ngoma-Signature: t=1795422600,v1=5257a8…`.
pub(crate) const HEADER: &str = "Ngoma-Signature";
/// How old, or how far ahead, a signature may be where nothing else is said.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(300);
/// The longest header that is read, in bytes.
const HEADER_BYTES: usize = 1024;

/// Why a call is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    /// It is not of the form.
    #[error("the header {HEADER} cannot be read: expected t=<unix seconds>,v1=<64 hexadecimal digits>")]
    Unreadable,
    /// No signature in it is that of the secret and the body.
    #[error("the signature is not that of this body: expected the secret of the web hook, and the body as it came")]
    Mismatch,
    /// It was made too long ago, or by a clock that is ahead.
    #[error("the signature is {away} s away from now: expected {tolerance} s at most, is a clock wrong?")]
    NotNow {
        /// How many seconds.
        away: u64,
        /// How many may be.
        tolerance: u64,
    },
}

/// The header's value for a body sent at this moment. Signed are the seconds as they are written, a full stop and the
/// body.
pub(crate) fn sign(secret: &[u8], at: Timestamp, body: &[u8]) -> String {
    let seconds = unix_seconds(at).to_string();
    let signature: String = mac(secret, &seconds, body)
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("t={seconds},v1={signature}")
}

/// Checks a header's value against the body as it came. Several `v1` may stand in it while a secret is changed; what this
/// version does not know is passed over. The comparison takes as long for a wrong signature as for the right one.
pub(crate) fn verify(
    secret: &[u8],
    header: &str,
    body: &[u8],
    now: Timestamp,
    tolerance: Duration,
) -> Result<(), SignatureError> {
    let (seconds, signatures) = read(header).ok_or(SignatureError::Unreadable)?;
    let at: i64 = seconds.parse().map_err(|_| SignatureError::Unreadable)?;
    let mac = mac(secret, seconds, body);
    if !signatures
        .iter()
        .any(|signature| mac.clone().verify_slice(signature).is_ok())
    {
        return Err(SignatureError::Mismatch);
    }
    let (away, tolerance) = (unix_seconds(now).abs_diff(at), tolerance.as_secs());
    if away > tolerance {
        return Err(SignatureError::NotNow { away, tolerance });
    }
    Ok(())
}

fn unix_seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

fn mac(secret: &[u8], seconds: &str, body: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length will do");
    mac.chain_update(seconds).chain_update(b".").chain_update(body)
}

/// The seconds as they are written, and the signatures.
fn read(header: &str) -> Option<(&str, Vec<[u8; 32]>)> {
    if header.len() > HEADER_BYTES {
        return None;
    }
    let fields = || header.split(',').filter_map(|field| field.trim().split_once('='));
    let mut times = fields().filter(|(name, _)| *name == "t").map(|(_, value)| value);
    let (seconds, None) = (times.next()?, times.next()) else {
        return None;
    };
    let signatures = fields().filter(|(name, _)| *name == "v1");
    let signatures: Vec<[u8; 32]> = signatures.filter_map(|(_, value)| from_hex(value)).collect();
    (!signatures.is_empty()).then_some((seconds, signatures))
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    if digits.len() == 64 {
        bytes.try_into().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &[u8] = b"a secret";
    const BODY: &[u8] = br#"{"id":"1"}"#;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn check(header: &str, body: &[u8], now: i64, expected: Result<(), SignatureError>) {
        assert_eq!(
            verify(SECRET, header, body, at(now), TOLERANCE),
            expected,
            "{header} at {now}"
        );
    }

    #[test]
    fn a_signature_is_what_anybody_computes_who_knows_the_secret() {
        let expected = "t=1795422600,v1=51109743059820021611e80bafd2d336b9761caedf62bd5bdad9ca6a44a3e8cb";
        assert_eq!(sign(SECRET, at(1_795_422_600), BODY), expected);
        assert_eq!(
            sign(SECRET, at(1_795_422_600) + Duration::from_micros(999_999), BODY),
            expected
        );
        assert_eq!(
            sign(b"", at(-1), b""),
            "t=-1,v1=a21ef7e55aa22644070410286c2b1c8d9d555dc68e0e74d4130cda342869591a"
        );
    }

    #[test]
    fn a_call_is_believed_when_its_signature_is_right_and_recent() {
        let header = sign(SECRET, at(1000), BODY);
        for now in [700, 1000, 1300] {
            check(&header, BODY, now, Ok(()));
        }
        for now in [699, 1301] {
            let (away, tolerance) = (301, 300);
            check(&header, BODY, now, Err(SignatureError::NotNow { away, tolerance }));
        }
        check(&header, b"", 1000, Err(SignatureError::Mismatch));
        check(
            &header.replace("t=1000", "t=1001"),
            BODY,
            1000,
            Err(SignatureError::Mismatch),
        );
        check(
            &header.replace("t=1000", "t=01000"),
            BODY,
            1000,
            Err(SignatureError::Mismatch),
        );
        check(
            &sign(b"another secret", at(1000), BODY),
            BODY,
            1000,
            Err(SignatureError::Mismatch),
        );
    }

    #[test]
    fn a_header_may_hold_several_signatures_and_what_is_not_known_yet() {
        let header = sign(SECRET, at(1000), BODY);
        let right = header.strip_prefix("t=1000,v1=").unwrap();
        let wrong = "0".repeat(64);
        check(
            &format!("v0=x, v1={wrong}, v1={right}, v2=, t=1000"),
            BODY,
            1000,
            Ok(()),
        );
        check(&format!("t=1000,v1={}", right.to_uppercase()), BODY, 1000, Ok(()));
        check(&format!("t=1000,v1={wrong}"), BODY, 1000, Err(SignatureError::Mismatch));
    }

    #[test]
    fn what_is_no_signature_is_told_what_is() {
        let hex = "0".repeat(64);
        for header in [
            "",
            "t=1000",
            &format!("v1={hex}"),
            &format!("t=,v1={hex}"),
            &format!("t=soon,v1={hex}"),
            &format!("t=99999999999999999999,v1={hex}"),
            &format!("t=1000,t=1000,v1={hex}"),
            &format!("t=1000,v1={}", &hex[1..]),
            &format!("t=1000,v1={hex}00"),
            &format!("t=1000,v1={}g", &hex[1..]),
            &format!("t=1000,v1={hex},v0={}", "x".repeat(HEADER_BYTES)),
        ] {
            check(header, BODY, 1000, Err(SignatureError::Unreadable));
        }
        assert_eq!(
            SignatureError::Unreadable.to_string(),
            "the header Ngoma-Signature cannot be read: expected t=<unix seconds>,v1=<64 hexadecimal digits>"
        );
        let (away, tolerance) = (301, 300);
        assert_eq!(
            SignatureError::NotNow { away, tolerance }.to_string(),
            "the signature is 301 s away from now: expected 300 s at most, is a clock wrong?"
        );
    }

    proptest! {
        #[test]
        fn what_is_signed_is_believed_and_with_one_bit_changed_it_is_not(
            secret in prop::collection::vec(any::<u8>(), 0..100),
            mut body in prop::collection::vec(any::<u8>(), 1..100),
            seconds in 0_i64..253_402_300_800,
            bit in any::<prop::sample::Index>(),
        ) {
            let header = sign(&secret, at(seconds), &body);
            prop_assert_eq!(verify(&secret, &header, &body, at(seconds), Duration::ZERO), Ok(()));
            let bit = bit.index(body.len() * 8);
            body[bit / 8] ^= 1 << (bit % 8);
            let changed = verify(&secret, &header, &body, at(seconds), Duration::ZERO);
            prop_assert_eq!(changed, Err(SignatureError::Mismatch));
        }

        #[test]
        fn no_header_is_too_odd_to_read(header in "([tv]1?=[0-9a-f]{0,70},?){0,4}|.*") {
            let _ = verify(SECRET, &header, BODY, at(i64::MAX / 1_000_000), TOLERANCE);
        }
    }
}
