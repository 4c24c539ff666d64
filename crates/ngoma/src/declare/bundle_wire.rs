//! A service's code on its way to a running `serve`.

use anyhow::Context;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ngoma_engine::service::Bundle;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A bundle as JSON, its files in base64.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BundleWire {
    hash: String,
    main: String,
    files: BTreeMap<String, String>,
}

impl From<Bundle> for BundleWire {
    fn from(bundle: Bundle) -> Self {
        let files = bundle
            .files
            .iter()
            .map(|(path, bytes)| (path.clone(), BASE64_STANDARD.encode(bytes)));
        Self {
            files: files.collect(),
            hash: bundle.hash,
            main: bundle.main,
        }
    }
}

impl TryFrom<BundleWire> for Bundle {
    type Error = anyhow::Error;

    fn try_from(wire: BundleWire) -> Result<Self, Self::Error> {
        let files = wire.files.into_iter().map(|(path, text)| {
            let bytes = BASE64_STANDARD
                .decode(text)
                .with_context(|| format!("{path}: not base64"))?;
            Ok((path, bytes))
        });
        Ok(Self {
            files: files.collect::<anyhow::Result<_>>()?,
            hash: wire.hash,
            main: wire.main,
        })
    }
}
