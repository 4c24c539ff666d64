//! Septets packed into octets, eight into seven (3GPP TS 23.038 §6.1.2.1), after a header that may end within a septet.

/// Packs septets; `fill` bits are left free in front (0 to 6), so that they begin at a septet's border after a header
/// (3GPP TS 23.040 §9.2.3.24).
pub fn pack(septets: &[u8], fill: u8) -> Vec<u8> {
    let fill = usize::from(fill % 7);
    let mut packed = vec![0; (fill + septets.len() * 7).div_ceil(8)];
    for (place, septet) in septets.iter().enumerate() {
        let bit = fill + place * 7;
        let (octet, shift) = (bit / 8, bit % 8);
        let spread = u16::from(septet & 0x7F) << shift;
        packed[octet] |= spread as u8;
        if let Some(next) = packed.get_mut(octet + 1) {
            *next |= (spread >> 8) as u8;
        }
    }
    packed
}

/// The septets of packed octets, after `fill` bits: as many as are whole, but at most `count`.
///
/// Of 7 octets and nothing in front it gives 8 septets: where the sender meant 7, the last is `@` and `count` says so.
pub fn unpack(octets: &[u8], fill: u8, count: usize) -> Vec<u8> {
    let fill = usize::from(fill % 7);
    let whole = (octets.len() * 8).saturating_sub(fill) / 7;
    let septet = |place: usize| {
        let bit = fill + place * 7;
        let (octet, shift) = (bit / 8, bit % 8);
        let next = octets.get(octet + 1).copied().unwrap_or(0);
        let both = u16::from_le_bytes([octets[octet], next]);
        (both >> shift) as u8 & 0x7F
    };
    (0..whole.min(count)).map(septet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn septets_are_packed_as_the_specification_draws_them() {
        let check = |septets: &[u8], fill: u8, octets: &[u8]| {
            assert_eq!(pack(septets, fill), octets, "{septets:02X?} after {fill}");
            assert_eq!(
                unpack(octets, fill, septets.len()),
                septets,
                "{octets:02X?} after {fill}"
            );
        };
        check(b"", 0, &[]);
        check(
            b"hellohello",
            0,
            &[0xE8, 0x32, 0x9B, 0xFD, 0x46, 0x97, 0xD9, 0xEC, 0x37],
        );
        check(b"1234567", 0, &[0x31, 0xD9, 0x8C, 0x56, 0xB3, 0xDD, 0x00]);
        // After a concatenation header of six octets one bit is free.
        check(b"a", 1, &[0xC2]);
        check(b"ab", 1, &[0xC2, 0x62]);
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(septets in prop::collection::vec(0..128_u8, 0..200), fill in 0..7_u8) {
            let packed = pack(&septets, fill);
            prop_assert_eq!(packed.len(), (usize::from(fill) + 7 * septets.len()).div_ceil(8));
            prop_assert_eq!(unpack(&packed, fill, septets.len()), septets);
        }

        #[test]
        fn any_octets_are_unpacked(octets in prop::collection::vec(any::<u8>(), 0..200), fill in any::<u8>(), count in 0..300_usize) {
            prop_assert!(unpack(&octets, fill, count).len() <= count);
        }
    }
}
