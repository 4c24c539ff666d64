//! A command status in JSON: by the specification's name, or by its number (SMPP 3.4 §5.1.3).

use ngoma_smpp::CommandStatus;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A command status, written `"ESME_RTHROTTLED"`, `88` or `"0x58"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status(pub CommandStatus);

impl Status {
    /// Reads a name, or a number with or without `0x`.
    pub fn read(text: &str) -> Option<Self> {
        let number = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        };
        let by_name = || CommandStatus::from_name(&text.to_ascii_uppercase());
        number.map(CommandStatus).or_else(by_name).map(Self)
    }

    /// Its name, or its number where it has none.
    pub fn word(self) -> String {
        match self.0.name() {
            Some(name) => name.to_owned(),
            None => format!("0x{:02X}", self.0.0),
        }
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.word())
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u32),
            Text(String),
        }
        let problem = "a status is a name such as \"ESME_RTHROTTLED\", or a number such as 88 or \"0x58\"";
        let written = Written::deserialize(deserializer).map_err(|_| de::Error::custom(problem))?;
        match written {
            Written::Number(number) => Ok(Self(CommandStatus(number))),
            Written::Text(text) => Self::read(&text).ok_or_else(|| de::Error::custom(problem)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_status_is_read_by_name_and_by_number_and_written_by_name() {
        for (written, status, word) in [
            (json!("ESME_RTHROTTLED"), CommandStatus::THROTTLED, "ESME_RTHROTTLED"),
            (json!("esme_rmsgqful"), CommandStatus::QUEUE_FULL, "ESME_RMSGQFUL"),
            (json!(0), CommandStatus::OK, "ESME_ROK"),
            (json!("0x58"), CommandStatus::THROTTLED, "ESME_RTHROTTLED"),
            (json!("1024"), CommandStatus(0x400), "0x400"),
        ] {
            let read: Status = serde_json::from_value(written.clone()).unwrap();
            assert_eq!((read.0, read.word().as_str()), (status, word), "{written}");
        }
        for written in [json!("ESME_WHAT"), json!(-1), json!(true), json!("0x"), json!("")] {
            let error = serde_json::from_value::<Status>(written.clone()).unwrap_err();
            assert!(error.to_string().contains("a name such as"), "{written}: {error}");
        }
    }
}
