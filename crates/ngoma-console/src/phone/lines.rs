//! Which channel answers a dialled code or a number.

use ngoma_engine::directory::Directory;
use ngoma_message::Country;

/// The channel type of USSD codes the phone can dial.
const USSD: &str = "ussd_http";
/// The channel type of numbers the phone can text.
const SMS: &str = "http_json";

/// A channel the phone can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The account it belongs to.
    pub account: String,
    /// Its name.
    pub channel: String,
    /// The code or number people use.
    pub address: String,
}

impl Line {
    /// Where the carrier posts what comes from phones.
    pub fn path(&self) -> String {
        format!("/c/{}/{}", self.account, self.channel)
    }
}

/// Every USSD code.
pub fn ussd_lines(directory: &Directory) -> Vec<Line> {
    lines_of(directory, USSD)
}

/// Every SMS number.
pub fn sms_lines(directory: &Directory) -> Vec<Line> {
    lines_of(directory, SMS)
}

/// The country of national numbers: that of the first channel the phone can reach which has one.
pub fn home_country(directory: &Directory) -> Option<Country> {
    let channels = directory
        .accounts
        .values()
        .flat_map(|account| account.channels.values());
    channels
        .filter(|channel| channel.channel_type == USSD || channel.channel_type == SMS)
        .find_map(|channel| Country::parse(channel.country.as_deref()?))
}

/// Whether messages of a channel belong to sessions.
pub fn is_ussd(directory: &Directory, account: &str, channel: &str) -> bool {
    let account = directory.accounts.get(account);
    let channel = account.and_then(|account| account.channels.get(channel));
    channel.is_some_and(|channel| channel.channel_type == USSD)
}

/// The line a dialled code reaches: the code itself, or one it begins with (`*120*8864*1#` reaches `*120*8864#`).
pub fn find_ussd(directory: &Directory, dialled: &str) -> Option<Line> {
    let lines = ussd_lines(directory);
    let exact = lines.iter().find(|line| line.address == dialled);
    let longest = || {
        lines
            .iter()
            .filter(|line| extends(dialled, &line.address))
            .max_by_key(|line| line.address.len())
    };
    exact.or_else(longest).cloned()
}

/// The line of an SMS number.
pub fn find_sms(directory: &Directory, number: &str) -> Option<Line> {
    sms_lines(directory).into_iter().find(|line| line.address == number)
}

fn extends(dialled: &str, code: &str) -> bool {
    let base = code.strip_suffix('#').unwrap_or(code);
    dialled
        .strip_suffix('#')
        .and_then(|dialled| dialled.strip_prefix(base))
        .is_some_and(|rest| rest.starts_with('*'))
}

fn lines_of(directory: &Directory, channel_type: &str) -> Vec<Line> {
    let channels = directory.accounts.iter().flat_map(|(code, account)| {
        account
            .channels
            .iter()
            .map(move |(name, channel)| (code, name, channel))
    });
    channels
        .filter(|(.., channel)| channel.channel_type == channel_type)
        .filter_map(|(account, name, channel)| {
            Some(Line {
                account: account.clone(),
                channel: name.clone(),
                address: channel.address.clone()?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::fakes::directory;

    #[test]
    fn a_code_is_found_with_and_without_further_digits() {
        fn check(dialled: &str, expected: Option<&str>) {
            let found = find_ussd(&directory(), dialled).map(|line| line.path());
            assert_eq!(found.as_deref(), expected, "{dialled}");
        }
        check("*120*8864#", Some("/c/demo/ussd"));
        check("*120*8864*1#", Some("/c/demo/ussd"));
        check("*120*8864*1*2#", Some("/c/demo/ussd"));
        check("*120*88641#", None);
        check("*120*8864*1", None);
        check("*100#", None);
        check("8864", None);
    }

    #[test]
    fn a_number_is_found_among_sms_channels_only() {
        assert_eq!(
            find_sms(&directory(), "8864").map(|line| line.channel),
            Some("sms".to_owned())
        );
        assert_eq!(find_sms(&directory(), "*120*8864#"), None);
    }
}
