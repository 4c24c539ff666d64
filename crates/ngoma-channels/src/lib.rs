//! The channel types: one folder each, one line each in [`all`].

pub mod http_json;
pub mod smpp;
pub mod smpp_server;
pub mod ussd_http;
pub mod vumi_amqp;

mod json_body;
mod refusal;
mod secret;
mod settings;
#[cfg(test)]
mod test_line;

use ngoma_engine::channel::ChannelType;
use smpp_server::Switchboard;
use std::sync::Arc;

/// Every channel type there is; systems that bind find theirs on the switchboard.
pub fn all(switchboard: &Arc<Switchboard>) -> Vec<Box<dyn ChannelType>> {
    let smpp_server = smpp_server::SmppServer {
        switchboard: Arc::clone(switchboard),
    };
    vec![
        Box::new(http_json::HttpJson), // one line a type, by name
        Box::new(smpp::Smpp),
        Box::new(smpp_server),
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
        let codes: Vec<_> = all(&Arc::default())
            .iter()
            .map(|channel_type| channel_type.code())
            .collect();
        let distinct: HashSet<_> = codes.iter().collect();
        assert_eq!(distinct.len(), codes.len(), "{codes:?}");
    }

    #[test]
    fn every_setting_explains_itself() {
        for channel_type in all(&Arc::default()) {
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
