//! The user data header: what stands before a text to say which part of which text it is, and in which tables it is
//! written (3GPP TS 23.040 §9.2.3.24).

use super::gsm::{Language, Tables};

/// Concatenation with an 8-bit reference (§9.2.3.24.1).
const CONCATENATION_8: u8 = 0x00;
/// Concatenation with a 16-bit reference (§9.2.3.24.8).
const CONCATENATION_16: u8 = 0x08;
/// National language single shift (§9.2.3.24.15).
const SINGLE_SHIFT: u8 = 0x24;
/// National language locking shift (§9.2.3.24.16).
const LOCKING_SHIFT: u8 = 0x25;

/// How wide the number of a long text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// Eight bits.
    Narrow(u8),
    /// Sixteen bits: one octet more in each part.
    Wide(u16),
}

impl Reference {
    /// The number.
    pub fn number(self) -> u16 {
        match self {
            Self::Narrow(number) => number.into(),
            Self::Wide(number) => number,
        }
    }
}

/// Which part of which text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concatenation {
    /// The sender's number of the text.
    pub reference: Reference,
    /// How many parts it has.
    pub total: u8,
    /// Which this is, from 1.
    pub number: u8,
}

/// A header, as far as texts need it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserDataHeader {
    /// Which part it is; nothing for a whole text.
    pub concatenation: Option<Concatenation>,
    /// The tables of its septets.
    pub tables: Tables,
}

impl UserDataHeader {
    /// Reads the header that user data begins with; gives how many octets it has. Elements that texts do not need are
    /// passed over, and so is a concatenation that cannot be; of two of a kind the last counts (§9.2.3.24). Nothing when
    /// the data is shorter than its header.
    pub fn decode(user_data: &[u8]) -> Option<(Self, usize)> {
        let length = usize::from(*user_data.first()?);
        let mut elements = user_data.get(1..=length)?;
        let mut header = Self::default();
        while let [kind, count, rest @ ..] = elements {
            // An element that goes beyond the header ends it.
            let Some((value, rest)) = rest.split_at_checked(usize::from(*count)) else {
                break;
            };
            header.take(*kind, value);
            elements = rest;
        }
        Some((header, 1 + length))
    }

    fn take(&mut self, kind: u8, value: &[u8]) {
        match (kind, value) {
            (CONCATENATION_8, [reference, total, number]) => {
                self.take_part(Reference::Narrow(*reference), *total, *number);
            }
            (CONCATENATION_16, [high, low, total, number]) => {
                self.take_part(Reference::Wide(u16::from_be_bytes([*high, *low])), *total, *number);
            }
            (SINGLE_SHIFT, [language]) => self.tables.single = Language::from_identifier(*language),
            (LOCKING_SHIFT, [language]) => self.tables.locking = Language::from_identifier(*language),
            _ => {}
        }
    }

    fn take_part(&mut self, reference: Reference, total: u8, number: u8) {
        if (1..=total).contains(&number) {
            self.concatenation = Some(Concatenation {
                reference,
                total,
                number,
            });
        }
    }

    /// Its octets, the length in front; none when it says nothing.
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = vec![0];
        if let Some(Concatenation {
            reference,
            total,
            number,
        }) = self.concatenation
        {
            match reference {
                Reference::Narrow(reference) => octets.extend([CONCATENATION_8, 3, reference, total, number]),
                Reference::Wide(reference) => {
                    let [high, low] = reference.to_be_bytes();
                    octets.extend([CONCATENATION_16, 4, high, low, total, number]);
                }
            }
        }
        for (kind, language) in [(SINGLE_SHIFT, self.tables.single), (LOCKING_SHIFT, self.tables.locking)] {
            octets.extend(
                language
                    .into_iter()
                    .flat_map(|language| [kind, 1, language.identifier()]),
            );
        }
        match u8::try_from(octets.len() - 1) {
            Ok(length @ 1..) => {
                octets[0] = length;
                octets
            }
            _ => Vec::new(),
        }
    }

    /// How many bits are free between it and the first septet (§9.2.3.24).
    pub fn fill(length: usize) -> u8 {
        // At most 6.
        ((7 - length * 8 % 7) % 7) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part(reference: Reference, total: u8, number: u8) -> UserDataHeader {
        UserDataHeader {
            concatenation: Some(Concatenation {
                reference,
                total,
                number,
            }),
            ..UserDataHeader::default()
        }
    }

    #[test]
    fn headers_are_those_of_the_specification() {
        let check = |header: UserDataHeader, octets: &[u8]| {
            assert_eq!(header.encode(), octets);
            if !octets.is_empty() {
                assert_eq!(UserDataHeader::decode(octets), Some((header, octets.len())));
            }
        };
        check(UserDataHeader::default(), &[]);
        check(part(Reference::Narrow(0xCC), 3, 1), &[5, 0, 3, 0xCC, 3, 1]);
        check(part(Reference::Wide(0x1234), 3, 2), &[6, 8, 4, 0x12, 0x34, 3, 2]);
        let turkish = UserDataHeader {
            tables: Tables {
                locking: Some(Language::Turkish),
                single: Some(Language::Turkish),
            },
            ..UserDataHeader::default()
        };
        check(turkish, &[6, 0x24, 1, 1, 0x25, 1, 1]);
    }

    #[test]
    fn what_texts_do_not_need_is_passed_over() {
        let check = |octets: &[u8], expected: Option<(UserDataHeader, usize)>| {
            assert_eq!(UserDataHeader::decode(octets), expected, "{octets:?}");
        };
        let second = part(Reference::Narrow(7), 2, 2);
        check(&[11, 5, 4, 0x0B, 0x84, 0, 0, 0, 3, 7, 2, 2, b'x'], Some((second, 12)));
        check(&[0, b'x'], Some((UserDataHeader::default(), 1)));
        check(&[], None);
        check(&[5, 0, 3, 7], None);
        // The third of two parts, part 0, an element that is too long, one of an unknown language.
        check(&[5, 0, 3, 7, 2, 3], Some((UserDataHeader::default(), 6)));
        check(&[5, 0, 3, 7, 2, 0], Some((UserDataHeader::default(), 6)));
        check(&[5, 0, 9, 7, 2, 1], Some((UserDataHeader::default(), 6)));
        check(&[3, 0x24, 1, 99], Some((UserDataHeader::default(), 4)));
    }

    #[test]
    fn septets_begin_at_a_border_of_septets() {
        for (length, fill) in [(0, 0), (4, 3), (6, 1), (7, 0), (8, 6), (10, 4)] {
            assert_eq!(UserDataHeader::fill(length), fill, "{length}");
            assert_eq!((length * 8 + usize::from(fill)) % 7, 0);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            wide in any::<Option<u16>>(),
            narrow in any::<u8>(),
            place in (1..=255_u8).prop_flat_map(|total| (Just(total), 1..=total)),
            languages in prop::array::uniform2(prop::option::of(prop::sample::select(Language::ALL.to_vec()))),
        ) {
            let reference = wide.map_or(Reference::Narrow(narrow), Reference::Wide);
            let mut header = part(reference, place.0, place.1);
            header.tables = Tables { locking: languages[0], single: languages[1] };
            let octets = header.encode();
            prop_assert_eq!(UserDataHeader::decode(&octets), Some((header, octets.len())));
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Some((header, length)) = UserDataHeader::decode(&octets) {
                prop_assert!(length <= octets.len());
                prop_assert!(header.encode().len() <= 13);
            }
        }
    }
}
