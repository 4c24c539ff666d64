//! Ids from outside, brought within bounds.

use sha2::{Digest, Sha256};

/// The longest id kept as it came, in bytes; a longer one is known by its hash.
const ID_BYTES: usize = 200;

/// Bounds an id from outside. Cutting it could make two messages one.
pub(crate) fn bound_id(id: Option<&mut String>) {
    if let Some(id) = id
        && id.len() > ID_BYTES
    {
        *id = Sha256::digest(id.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
    }
}
