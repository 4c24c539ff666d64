//! The channel types: one folder each, one line each in [`all`].

pub mod http_json;
pub mod smpp;
pub mod ussd_http;
pub mod vumi_amqp;

mod json_body;
mod refusal;
mod secret;
mod settings;
#[cfg(test)]
mod test_line;

use ngoma_engine::channel::ChannelType;

/// Every channel type there is.
pub fn all() -> Vec<Box<dyn ChannelType>> {
    vec![
        Box::new(http_json::HttpJson), // one line a type, by name
        Box::new(smpp::Smpp),
        Box::new(ussd_http::UssdHttp),
        Box::new(vumi_amqp::VumiAmqp),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique() {
        let codes: Vec<_> = all().iter().map(|channel_type| channel_type.code()).collect();
        let distinct: HashSet<_> = codes.iter().collect();
        assert_eq!(distinct.len(), codes.len(), "{codes:?}");
    }

    #[test]
    fn every_setting_explains_itself() {
        for channel_type in all() {
            let description = channel_type.describe();
            let code = channel_type.code();
            assert!(!description.label.is_empty() && !description.help.is_empty(), "{code}");
            assert!(!description.schemes.is_empty(), "{code}");
            for field in description.fields {
                assert!(!field.label.is_empty(), "{code}.{}", field.name);
                assert!(field.help.ends_with('.'), "{code}.{}: {}", field.name, field.help);
            }
        }
    }
}
