//! Reading what a program sends: JSON, whatever its content type says.

use super::Problem;
use bytes::Bytes;
use serde::de::DeserializeOwned;

/// Reads a body; what is wrong with it is said with its place.
pub fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let problem = error.inner().to_string();
        match field.as_str() {
            "." => Problem::bad_request(format!("the body is not the JSON that is wanted: {problem}")),
            field => Problem::field(field, problem),
        }
    })?;
    let end = json.end();
    end.map_err(|_| Problem::bad_request("something follows the JSON; send one value"))?;
    Ok(value)
}
