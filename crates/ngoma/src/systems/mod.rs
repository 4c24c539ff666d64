//! Where the accounts' own systems bind by SMPP: nowhere, unless asked.

mod serving;
mod settings;

pub use serving::Systems;
pub use settings::{CERTIFICATE_VARIABLE, KEY_VARIABLE, SystemsArgs, SystemsFile, SystemsSettings};
