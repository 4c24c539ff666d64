//! Where in the author's files something went wrong, and how errors are said.

use super::modules::Files;
use super::state::State;
use crate::frames::Failure;
use rquickjs::{Ctx, Error, Exception, Object, Value};

/// Marks a frame of ours that names the author's own line already.
const AUTHORS: &str = "source ";

/// What was thrown, in the author's terms.
pub fn describe<'js>(ctx: &Ctx<'js>, state: &State, thrown: &Value<'js>) -> Failure {
    // Out of memory the engine cannot make an error and throws null.
    if thrown.is_null() {
        return Failure::new(state.limits.out_of_memory());
    }
    let Some(error) = thrown.as_object().filter(|object| object.is_error()) else {
        let message = format!("the script threw {}", text_of(ctx, thrown));
        return placed(message, state.place_of_thrown(ctx, thrown));
    };
    let name: String = error.get("name").unwrap_or_else(|_| "Error".into());
    let message: String = error.get("message").unwrap_or_default();
    if name == "InternalError" && message == "out of memory" {
        return Failure::new(state.limits.out_of_memory());
    }
    let stack: String = error.get("stack").unwrap_or_default();
    let message = match (name.as_str(), message.as_str()) {
        (name, "") => name.to_owned(),
        ("", message) => message.to_owned(),
        (name, message) => format!("{name}: {message}"),
    };
    placed(message, place(&state.files, &stack))
}

fn placed(message: String, place: Option<(String, u32, u32)>) -> Failure {
    match place {
        Some((file, line, column)) => Failure {
            message,
            file: Some(file),
            line: Some(line),
            column: Some(column),
        },
        None => Failure::new(message),
    }
}

/// Throws a failure that has its place already.
pub fn throw_failure(ctx: &Ctx<'_>, failure: &Failure) -> Error {
    let (name, message) = failure.message.split_once(": ").unwrap_or(("Error", &failure.message));
    let file = failure.file.as_deref().unwrap_or_default();
    let place = format!("{file}:{}:{}", failure.line.unwrap_or(1), failure.column.unwrap_or(1));
    throw_at(ctx, name, message, &place)
}

/// Throws an error of this name whose stack is this one place of the author's, `file:line:column`.
pub fn throw_at(ctx: &Ctx<'_>, name: &str, message: &str, place: &str) -> Error {
    let error = match Exception::from_message(ctx.clone(), message) {
        Ok(error) => error.into_object(),
        Err(error) => return error,
    };
    let given: rquickjs::Result<()> = set_place(&error, name, place);
    match given {
        Ok(()) => ctx.throw(error.into_value()),
        Err(error) => error,
    }
}

fn set_place(error: &Object<'_>, name: &str, place: &str) -> rquickjs::Result<()> {
    error.set("name", name)?;
    error.set("stack", format!("    at {AUTHORS}{place}\n"))
}

fn text_of<'js>(ctx: &Ctx<'js>, thrown: &Value<'js>) -> String {
    let json = ctx.json_stringify(thrown.clone());
    let _ = ctx.catch();
    match json {
        Ok(Some(text)) => text.to_string().unwrap_or_default(),
        _ => format!("a value of type {}", thrown.type_name()),
    }
}

/// The innermost place of a stack that lies in the author's own files, or else in a package that came with them.
fn place(files: &Files, stack: &str) -> Option<(String, u32, u32)> {
    let is_own = |(file, ..): &(String, u32, u32)| !file.split('/').any(|part| part == "node_modules");
    places(files, stack)
        .find(is_own)
        .or_else(|| places(files, stack).next())
}

/// The places of a stack that lie in the bundle's files.
fn places(files: &Files, stack: &str) -> impl Iterator<Item = (String, u32, u32)> {
    stack.lines().filter_map(|frame| {
        let frame = frame.trim().strip_prefix("at ")?;
        let (frame, is_source) = frame.strip_prefix(AUTHORS).map_or((frame, false), |rest| (rest, true));
        let (file, line, column) = parse_frame(frame)?;
        if !files.is_authors(file) {
            return None;
        }
        let (line, column) = if is_source {
            (line, column)
        } else {
            files.origin(file, line, column)
        };
        Some((file.to_owned(), line, column))
    })
}

/// Reads `name (file:line:column)` or `file:line:column`; a frame without numbers has none.
fn parse_frame(frame: &str) -> Option<(&str, u32, u32)> {
    let place = match frame.rfind('(') {
        Some(open) => frame[open + 1..].trim_end_matches(')'),
        None => frame,
    };
    let (rest, last) = place.rsplit_once(':')?;
    let last = last.parse().ok()?;
    match rest.rsplit_once(':').map(|(file, line)| (file, line.parse())) {
        Some((file, Ok(line))) => Some((file, line, last)),
        _ => Some((rest, last, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read() {
        for (frame, expected) in [
            ("main.js:3:7", Some(("main.js", 3, 7))),
            ("f (lib/a.js:3:7)", Some(("lib/a.js", 3, 7))),
            ("f (lib/a.js:3)", Some(("lib/a.js", 3, 1))),
            ("ngoma:/index.ts:3:7", Some(("ngoma:/index.ts", 3, 7))),
            ("forEach (native)", None),
        ] {
            assert_eq!(parse_frame(frame), expected, "{frame}");
        }
    }
}
