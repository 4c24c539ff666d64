//! Optional parameters (§5.3): kept as they came, and read with care, since what carriers put into them is theirs.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// `source_port` (§5.3.2.20).
pub const SOURCE_PORT: u16 = 0x020A;
/// `user_message_reference` (§5.3.2.17).
pub const USER_MESSAGE_REFERENCE: u16 = 0x0204;
/// `sar_msg_ref_num` (§5.3.2.22).
pub const SAR_MSG_REF_NUM: u16 = 0x020C;
/// `sar_total_segments` (§5.3.2.23).
pub const SAR_TOTAL_SEGMENTS: u16 = 0x020E;
/// `sar_segment_seqnum` (§5.3.2.24).
pub const SAR_SEGMENT_SEQNUM: u16 = 0x020F;
/// `sc_interface_version` (§5.3.2.25).
pub const SC_INTERFACE_VERSION: u16 = 0x0210;
/// `receipted_message_id` (§5.3.2.12).
pub const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
/// `additional_status_info_text` (§5.3.2.11).
pub const ADDITIONAL_STATUS_INFO_TEXT: u16 = 0x001D;
/// `network_error_code` (§5.3.2.31).
pub const NETWORK_ERROR_CODE: u16 = 0x0423;
/// `message_payload` (§5.3.2.32).
pub const MESSAGE_PAYLOAD: u16 = 0x0424;
/// `message_state` (§5.3.2.35).
pub const MESSAGE_STATE: u16 = 0x0427;
/// `ussd_service_op` (§5.3.2.44).
pub const USSD_SERVICE_OP: u16 = 0x0501;
/// `its_session_info` (§5.3.2.43).
pub const ITS_SESSION_INFO: u16 = 0x1383;

/// The longest value that one may have.
const LONGEST: usize = u16::MAX as usize;

/// Optional parameters in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tlvs(Vec<(u16, Bytes)>);

/// Octets that are no optional parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the optional parameters end within one")]
pub struct BrokenTlvs;

impl Tlvs {
    /// Reads what follows the body of a PDU: tag, length, value, until the end.
    pub fn decode(mut octets: Bytes) -> Result<Self, BrokenTlvs> {
        let mut tlvs = Vec::new();
        while octets.has_remaining() {
            if octets.remaining() < 4 {
                return Err(BrokenTlvs);
            }
            let (tag, length) = (octets.get_u16(), usize::from(octets.get_u16()));
            if octets.remaining() < length {
                return Err(BrokenTlvs);
            }
            tlvs.push((tag, octets.split_to(length)));
        }
        Ok(Self(tlvs))
    }

    /// Writes them; a value that is too long for its length is left out.
    pub fn encode(&self, out: &mut BytesMut) {
        for (tag, value) in &self.0 {
            let Ok(length) = u16::try_from(value.len()) else {
                continue;
            };
            out.put_u16(*tag);
            out.put_u16(length);
            out.put_slice(value);
        }
    }

    /// How many octets they take.
    pub fn length(&self) -> usize {
        let fits = self.0.iter().filter(|(_, value)| value.len() <= LONGEST);
        fits.map(|(_, value)| 4 + value.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &Bytes)> {
        self.0.iter().map(|(tag, value)| (*tag, value))
    }

    /// Adds one.
    pub fn push(&mut self, tag: u16, value: impl Into<Bytes>) {
        self.0.push((tag, value.into()));
    }

    /// The same with one more.
    pub fn with(mut self, tag: u16, value: impl Into<Bytes>) -> Self {
        self.push(tag, value);
        self
    }

    /// The first value of that tag.
    pub fn get(&self, tag: u16) -> Option<&Bytes> {
        self.0.iter().find(|(held, _)| *held == tag).map(|(_, value)| value)
    }

    /// Its number, when it is one of one to four octets.
    pub fn number(&self, tag: u16) -> Option<u32> {
        let value = self.get(tag)?;
        let is_number = (1..=4).contains(&value.len());
        is_number.then(|| value.iter().fold(0, |number, octet| number << 8 | u32::from(*octet)))
    }

    /// Its text, without the NUL that ends it; what is not ASCII is left out.
    pub fn text(&self, tag: u16) -> Option<String> {
        let value = self.get(tag)?;
        let text = value.split(|octet| *octet == 0).next().unwrap_or_default();
        Some(
            text.iter()
                .filter(|octet| octet.is_ascii())
                .map(|octet| char::from(*octet))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tlvs() -> impl Strategy<Value = Tlvs> {
        let value = prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from);
        prop::collection::vec((any::<u16>(), value), 0..6).prop_map(Tlvs)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tlvs in tlvs()) {
            let mut octets = BytesMut::new();
            tlvs.encode(&mut octets);
            prop_assert_eq!(octets.len(), tlvs.length());
            prop_assert_eq!(Tlvs::decode(octets.freeze()), Ok(tlvs));
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(tlvs) = Tlvs::decode(octets.clone().into()) {
                let mut again = BytesMut::new();
                tlvs.encode(&mut again);
                prop_assert_eq!(&again[..], &octets[..]);
            }
        }
    }

    #[test]
    fn values_are_read_as_numbers_and_texts() {
        let tlvs = Tlvs::default()
            .with(MESSAGE_STATE, vec![2])
            .with(SAR_MSG_REF_NUM, vec![1, 2])
            .with(RECEIPTED_MESSAGE_ID, b"0a1b\0".to_vec())
            .with(NETWORK_ERROR_CODE, vec![3, 0, 0x19])
            .with(0x1400, vec![0; 5]);
        assert_eq!(tlvs.number(MESSAGE_STATE), Some(2));
        assert_eq!(tlvs.number(SAR_MSG_REF_NUM), Some(0x0102));
        assert_eq!(tlvs.number(NETWORK_ERROR_CODE), Some(0x03_0019));
        assert_eq!(tlvs.number(0x1400), None);
        assert_eq!(tlvs.number(USSD_SERVICE_OP), None);
        assert_eq!(tlvs.text(RECEIPTED_MESSAGE_ID).as_deref(), Some("0a1b"));
    }
}
