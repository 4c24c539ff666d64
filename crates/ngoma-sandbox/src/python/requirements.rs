//! Reads `requirements.txt`: exact versions only, so that a service runs tomorrow on what it was tried with today.

use super::limits;

/// The file in a service's folder.
pub const FILE: &str = "requirements.txt";
/// The library that every service has; it comes with this program.
const OWN_PACKAGE: &str = "ngoma";

/// The requirements of a file, one a line as pip reads them, sorted.
pub fn read(text: &[u8]) -> Result<Vec<String>, String> {
    let text = std::str::from_utf8(text).map_err(|_| format!("{FILE}: it is not UTF-8"))?;
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, first)) = lines.next() {
        let mut line = first.trim_end().to_owned();
        while line.ends_with('\\') && line.len() < limits::REQUIREMENT_BYTES {
            line.pop();
            line.push(' ');
            line.push_str(lines.next().map_or("", |(_, more)| more.trim()));
        }
        if let Some(requirement) = pinned(&line).map_err(|problem| format!("{FILE} line {}: {problem}", index + 1))? {
            found.push(requirement);
        }
    }
    if found.len() > limits::REQUIREMENTS {
        return Err(format!(
            "{FILE}: a service may ask for {} packages",
            limits::REQUIREMENTS
        ));
    }
    found.sort();
    Ok(found)
}

/// A line's requirement; `None` for a comment or an empty line.
fn pinned(line: &str) -> Result<Option<String>, String> {
    if line.len() > limits::REQUIREMENT_BYTES {
        return Err("the line is too long".to_owned());
    }
    // As pip does: a comment begins the line or stands after a space.
    let line = match line.trim_start() {
        comment if comment.starts_with('#') => "",
        line => line.split(" #").next().unwrap_or_default().trim(),
    };
    if line.is_empty() {
        return Ok(None);
    }
    let (specifier, hashes) = match line.split_once(" --hash") {
        Some((specifier, _)) => (specifier, &line[specifier.len()..]),
        None => (line, ""),
    };
    let hashes = hashes.split_whitespace().map(hash).collect::<Result<Vec<_>, _>>()?;
    let (specifier, marker) = match specifier.split_once(';') {
        Some((specifier, marker)) => (specifier.trim(), Some(marker.trim())),
        None => (specifier.trim(), None),
    };
    let (name, version) = specifier.split_once("==").ok_or_else(|| not_pinned(specifier))?;
    let (name, version) = (name.trim(), version.trim());
    if !is_name(name) || !is_version(version) {
        return Err(not_pinned(specifier));
    }
    if name
        .split('[')
        .next()
        .is_some_and(|bare| bare.eq_ignore_ascii_case(OWN_PACKAGE))
    {
        return Err(format!(
            "the package {OWN_PACKAGE} is there already, leave the line out"
        ));
    }
    let mut requirement = format!("{name}=={version}");
    if let Some(marker) = marker {
        if marker.is_empty() || !marker.chars().all(is_of_marker) {
            return Err(format!("{marker:?} cannot be read as a condition"));
        }
        requirement.push_str(" ; ");
        requirement.push_str(marker);
    }
    for hash in hashes {
        requirement.push(' ');
        requirement.push_str(hash);
    }
    Ok(Some(requirement))
}

fn not_pinned(specifier: &str) -> String {
    let name: String = specifier.chars().take_while(|letter| is_of_name(*letter)).collect();
    let name = if name.is_empty() { "requests" } else { &name };
    format!("only exact versions are installed: write it as {name}==1.2.3")
}

fn hash(text: &str) -> Result<&str, String> {
    let digits = text.strip_prefix("--hash=sha256:").unwrap_or_default();
    if digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        Ok(text)
    } else {
        Err("after the version only --hash=sha256:… may stand".to_owned())
    }
}

/// A name with its extras: `requests`, `aio-pika[tls]`.
fn is_name(text: &str) -> bool {
    let (name, extras) = match text.split_once('[') {
        Some((name, extras)) => (name.trim(), extras.strip_suffix(']')),
        None => (text, Some("a")),
    };
    let is_good =
        |name: &str| name.starts_with(|letter: char| letter.is_ascii_alphanumeric()) && name.chars().all(is_of_name);
    is_good(name) && extras.is_some_and(|extras| extras.split(',').all(|extra| is_good(extra.trim())))
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.')
}

/// A version without a wildcard: `1.2.3`, `1!2.0rc1+local`.
fn is_version(text: &str) -> bool {
    let is_good = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '!' | '+' | '-' | '_');
    text.starts_with(|letter: char| letter.is_ascii_alphanumeric()) && text.chars().all(is_good)
}

fn is_of_marker(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || " _.<>=!\"'()".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[&str], &str>) {
        let found = read(text.as_bytes());
        match expected {
            Ok(lines) => assert_eq!(
                found.as_deref(),
                Ok(lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>().as_slice())
            ),
            Err(words) => {
                let error = found.expect_err(text);
                assert!(error.contains(words), "{error} does not say {words}");
            }
        }
    }

    #[test]
    fn exact_versions_are_read() {
        check("", Ok(&[]));
        check("# nothing\n\n  \n", Ok(&[]));
        check("b==2\na == 1.0.post1 # why\n", Ok(&["a==1.0.post1", "b==2"]));
        check("aio-pika[tls,x]==9.5", Ok(&["aio-pika[tls,x]==9.5"]));
        check(
            "a==1 ; python_version < \"3.12\"",
            Ok(&["a==1 ; python_version < \"3.12\""]),
        );
        let digits = "0a".repeat(32);
        check(
            &format!("a==1 \\\n    --hash=sha256:{digits} \\\n    --hash=sha256:{digits}\nb==1"),
            Ok(&[&format!("a==1 --hash=sha256:{digits} --hash=sha256:{digits}"), "b==1"]),
        );
    }

    #[test]
    fn anything_else_is_refused_with_its_line() {
        check(
            "a==1\nrequests>=2",
            Err("line 2: only exact versions are installed: write it as requests==1.2.3"),
        );
        check("requests", Err("write it as requests==1.2.3"));
        check("a==1.*", Err("only exact versions"));
        check("a===1", Err("only exact versions"));
        check("-r other.txt", Err("line 1: only exact versions"));
        check("--index-url https://example.org/==1", Err("only exact versions"));
        check("-e .", Err("only exact versions"));
        check("./a==1", Err("only exact versions"));
        check("a @ https://example.org/a==1.whl", Err("only exact versions"));
        check("a==1 --hash=md5:00", Err("only --hash=sha256:"));
        check("a==1 --hash=sha256:00 --index-url=x", Err("only --hash=sha256:"));
        check("a==1 ; $(x)", Err("cannot be read as a condition"));
        check("Ngoma==1", Err("is there already"));
        check(&"a==1\n".repeat(201), Err("may ask for 200 packages"));
        check(&format!("{}\\\n", "a".repeat(20_000)), Err("too long"));
    }
}
