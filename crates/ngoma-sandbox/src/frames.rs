//! What host and worker say to each other: frames on the control socket, and the first line of a step.
//!
//! A frame is a length (four bytes, little-endian) and a body. The first frame is how to load and the bundle; the worker answers with
//! [`FromWorker::Ready`] or [`FromWorker::Failed`]. After that the host sends eight bytes per step, the step's number, with
//! the step's socket attached, and the worker tells of steps whose process died.

use crate::limits::Profile;
use ngoma_engine::recording::Beginning;
use ngoma_engine::service::{Bundle, ServiceError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a worker says about itself.
///
/// ```json
/// {"failed":{"message":"SyntaxError: …","file":"main.js","line":3,"column":7}}
/// ```
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromWorker {
    /// The code is loaded.
    Ready,
    /// The code could not be loaded.
    Failed(Failure),
    /// The process of a step ended otherwise than by itself.
    Died {
        /// The step's number.
        step: u64,
        /// What ended it.
        death: Death,
    },
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Death {
    /// By this signal.
    Signal(i32),
    /// With this exit code.
    Code(i32),
}

/// Why code failed, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What went wrong.
    pub message: String,
    /// The author's file.
    #[serde(default)]
    pub file: Option<String>,
    /// The line in it, from 1.
    #[serde(default)]
    pub line: Option<u32>,
    /// The column, from 1.
    #[serde(default)]
    pub column: Option<u32>,
}

impl Failure {
    /// A failure that has no place in the author's files.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }
}

/// How much of a message is kept: it goes into logs and traces.
const MESSAGE_BYTES: usize = 4000;

impl Failure {
    /// With no more of its message than is kept.
    pub fn cut(mut self) -> Self {
        if self.message.len() > MESSAGE_BYTES {
            self.message.truncate(self.message.floor_char_boundary(MESSAGE_BYTES));
            self.message.push('…');
        }
        self
    }
}

impl From<Failure> for ServiceError {
    fn from(failure: Failure) -> Self {
        let failure = failure.cut();
        Self {
            message: failure.message,
            file: failure.file,
            line: failure.line,
            column: failure.column,
        }
    }
}

/// What stands before a bundle: how its code is loaded.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Loading {
    /// What the code's clock shows and draws from while it is loaded.
    pub scene: Scene,
    /// What it is run for.
    #[serde(default)]
    pub profile: Profile,
}

/// The first line of a step, from the host.
///
/// ```json
/// {"wall_ms":60000,"scene":{"seed":"00…","now_us":1764230000000000,"clock":"stepped"}}
/// ```
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// How long the step may take.
    pub wall_ms: u64,
    /// What the step's clock shows and its random numbers come from.
    pub scene: Scene,
}

/// What code finds of the world: with the same scene and the same replies it does the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// Where random numbers come from, 64 hexadecimal digits.
    pub seed: String,
    /// The moment at which it begins, in microseconds since 1970.
    pub now_us: i64,
    /// How its clock goes.
    pub clock: ClockMode,
}

/// How the clock of code goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockMode {
    /// It stands still.
    Frozen,
    /// It moves with what happens: to the moment a reply came, to the moment a timer was due. While code computes it
    /// stands still, so that a recorded step can be run again to the same end.
    Stepped,
    /// It is the machine's.
    Real,
}

impl Scene {
    /// That of code which begins now.
    pub fn new(beginning: &Beginning, clock: ClockMode) -> Self {
        Self {
            seed: beginning.seed.to_string(),
            now_us: beginning.at.micros(),
            clock,
        }
    }
}

/// The file of a built-in library that runs an author's tests in place of a service's main file.
pub const TESTS_MAIN: &str = "testing:/main.js";

/// A frame around a body.
pub fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("bundles and reports are far below 4 GiB");
    let mut frame = Vec::with_capacity(body.len() + 4);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(body);
    frame
}

/// The body of the frame that carries a bundle, and how it is to be loaded.
pub fn encode_load(loading: &Loading, bundle: &Bundle) -> serde_json::Result<Vec<u8>> {
    let mut body = Vec::new();
    put(&mut body, &serde_json::to_vec(loading)?);
    put(&mut body, bundle.hash.as_bytes());
    put(&mut body, bundle.main.as_bytes());
    for (path, bytes) in &bundle.files {
        put(&mut body, path.as_bytes());
        put(&mut body, bytes);
    }
    Ok(body)
}

/// Reads what [`encode_load`] wrote.
pub fn decode_load(mut body: &[u8]) -> Option<(Loading, Bundle)> {
    let loading = serde_json::from_slice(take(&mut body)?).ok()?;
    let hash = take_text(&mut body)?;
    let main = take_text(&mut body)?;
    let mut files = BTreeMap::new();
    while !body.is_empty() {
        let path = take_text(&mut body)?;
        files.insert(path, take(&mut body)?.to_vec());
    }
    Some((loading, Bundle { hash, main, files }))
}

fn put(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    body.extend_from_slice(bytes);
}

fn take<'a>(body: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = body.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (bytes, rest) = rest.split_at_checked(length)?;
    *body = rest;
    Some(bytes)
}

fn take_text(body: &mut &[u8]) -> Option<String> {
    String::from_utf8(take(body)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle() -> Bundle {
        Bundle {
            hash: "h".into(),
            main: "main.js".into(),
            files: BTreeMap::from([
                ("main.js".into(), b"1".to_vec()),
                ("lib/é.json".into(), vec![0, 255]),
                ("empty.js".into(), vec![]),
            ]),
        }
    }

    fn loading() -> Loading {
        let scene = Scene {
            seed: "0".repeat(64),
            now_us: 5,
            clock: ClockMode::Stepped,
        };
        let profile = Profile::Tests;
        Loading { scene, profile }
    }

    #[test]
    fn bundle_survives_the_wire() {
        let body = encode_load(&loading(), &bundle()).unwrap();
        assert_eq!(decode_load(&body), Some((loading(), bundle())));
    }

    #[test]
    fn a_cut_bundle_is_refused() {
        let body = encode_load(&loading(), &bundle()).unwrap();
        for end in [1, 7, 9, 20, body.len() - 1] {
            assert_eq!(decode_load(&body[..end]), None, "cut at {end}");
        }
    }
}
