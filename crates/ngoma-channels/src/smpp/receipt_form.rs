//! The form of a receipt's text where it is a carrier's own: a regular expression with names for what it says, as Vumi's
//! `delivery_report_regex` is.

use ngoma_engine::channel::ConfigError;
use ngoma_smpp::receipt::{ReceiptText, receipt_text};
use regex_lite::{Regex, RegexBuilder};

/// The setting's name.
const FIELD: &str = "receipt_regex";
/// How large one may become when it is compiled, in bytes.
const LARGEST: usize = 256 << 10;

/// Reads the texts of receipts.
#[derive(Clone, Debug, Default)]
pub struct ReceiptForm(Option<Regex>);

impl ReceiptForm {
    /// A form of the carrier's own; it must name `id` and `stat`, and may name `err`.
    pub fn new(pattern: Option<&str>) -> Result<Self, ConfigError> {
        let Some(pattern) = pattern else {
            return Ok(Self::default());
        };
        let problem = |problem: String| ConfigError::new(FIELD, problem);
        let regex = RegexBuilder::new(pattern).size_limit(LARGEST).build();
        let regex = regex.map_err(|error| problem(error.to_string()))?;
        for name in ["id", "stat"] {
            if !regex.capture_names().flatten().any(|known| known == name) {
                let example = "DLR (?<id>\\w+) (?<stat>\\w+)";
                return Err(problem(format!("has no group called {name}: such as {example}")));
            }
        }
        Ok(Self(Some(regex)))
    }

    /// What a text says, if it is a receipt's: by the carrier's own form, else by the usual one.
    pub fn read(&self, text: &str) -> Option<ReceiptText> {
        self.by_own_form(text).or_else(|| receipt_text(text))
    }

    fn by_own_form(&self, text: &str) -> Option<ReceiptText> {
        let found = self.0.as_ref()?.captures(text)?;
        let group = |name| found.name(name).map(|group| group.as_str().to_owned());
        Some(ReceiptText {
            id: group("id")?,
            state_word: group("stat")?,
            error: group("err").filter(|code| code.bytes().any(|digit| digit != b'0')),
            ..ReceiptText::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str, text: &str) -> Option<(String, String, Option<String>)> {
        let said = ReceiptForm::new(Some(pattern)).unwrap().read(text)?;
        Some((said.id, said.state_word, said.error))
    }

    #[test]
    fn a_text_is_read_by_the_carriers_form_and_else_by_the_usual_one() {
        let pattern = r"^DLR (?<id>\w+) (?<stat>\w+)(?: \((?<err>\d+)\))?$";
        let said = |id: &str, stat: &str, err: Option<&str>| Some((id.into(), stat.into(), err.map(str::to_owned)));
        assert_eq!(read(pattern, "DLR a1 DELIVRD"), said("a1", "DELIVRD", None));
        assert_eq!(read(pattern, "DLR a1 UNDELIV (27)"), said("a1", "UNDELIV", Some("27")));
        assert_eq!(read(pattern, "DLR a1 DELIVRD (000)"), said("a1", "DELIVRD", None));
        assert_eq!(
            read(pattern, "id:7 stat:EXPIRED err:001"),
            said("7", "EXPIRED", Some("001"))
        );
        assert_eq!(read(pattern, "hello"), None);
        // Vumi's own, as it is written there.
        let vumi = r"id:(?P<id>[^ ]{,65})( +sub:)?( +dlvrd:)?( +submit date:\d*)?( +done date:\d*)? +stat:(?P<stat>[A-Z]{5,7})";
        let vumi = vumi.replace("{,65}", "{0,65}");
        assert_eq!(read(&vumi, "id:9 stat:REJECTD"), said("9", "REJECTD", None));
    }

    #[test]
    fn a_form_that_cannot_be_used_is_told() {
        let check = |pattern: &str, part: &str| {
            let error = ReceiptForm::new(Some(pattern)).unwrap_err().to_string();
            assert!(
                error.starts_with("config.receipt_regex: ") && error.contains(part),
                "{error}"
            );
        };
        check("(", "open group");
        check("(?<id>.+)", "no group called stat");
        check(r"(?<id>\w{999}) (?<stat>\w{999}){999}", "size");
    }
}
