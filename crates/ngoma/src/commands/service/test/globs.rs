//! Patterns of paths: `*` and `?` within a name, `**` for any folders, `{a,b}` for either.

/// The most ways in which the braces of a pattern may be read.
const READINGS_LIMIT: usize = 64;

/// Whether a path is one that a pattern means. A leading `./` means nothing.
pub fn matches(glob: &str, path: &str) -> bool {
    let glob = glob.trim_start_matches("./");
    readings(glob).iter().any(|glob| {
        let glob: Vec<&str> = glob.split('/').collect();
        let path: Vec<&str> = path.split('/').collect();
        matches_parts(&glob, &path)
    })
}

fn readings(glob: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![glob.to_owned()];
    while let Some(glob) = open.pop() {
        let braces = glob
            .find('{')
            .and_then(|begin| Some((begin, begin + glob[begin..].find('}')?)));
        match braces {
            Some((begin, end)) if open.len() + done.len() < READINGS_LIMIT => {
                let inner = glob[begin + 1..end].split(',');
                open.extend(inner.map(|one| format!("{}{one}{}", &glob[..begin], &glob[end + 1..])));
            }
            _ => done.push(glob),
        }
    }
    done
}

fn matches_parts(glob: &[&str], path: &[&str]) -> bool {
    match glob {
        [] => path.is_empty(),
        ["**", rest @ ..] => (0..=path.len()).any(|skipped| matches_parts(rest, &path[skipped..])),
        [first, rest @ ..] => path
            .split_first()
            .is_some_and(|(name, inner)| matches_name(first, name) && matches_parts(rest, inner)),
    }
}

fn matches_name(glob: &str, name: &str) -> bool {
    let Some(first) = glob.chars().next() else {
        return name.is_empty();
    };
    let rest = &glob[first.len_utf8()..];
    if first == '*' {
        let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
        return ends.into_iter().any(|at| matches_name(rest, &name[at..]));
    }
    match name.chars().next() {
        Some(letter) if first == '?' || first == letter => matches_name(rest, &name[letter.len_utf8()..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_paths() {
        for (glob, path, expected) in [
            ("test/*.js", "test/a.js", true),
            ("./test/*.js", "test/a.js", true),
            ("test/*.js", "test/a/b.js", false),
            ("test/**/*.js", "test/a.js", true),
            ("test/**/*.js", "test/a/b/c.js", true),
            ("test/**/*.js", "test/a.ts", false),
            ("**/*.{js,ts}", "src/a.test.ts", true),
            ("a?.js", "ab.js", true),
            ("a?.js", "a.js", false),
            ("*", "é", true),
            ("{", "{", true),
        ] {
            assert_eq!(matches(glob, path), expected, "{glob} {path}");
        }
    }
}
