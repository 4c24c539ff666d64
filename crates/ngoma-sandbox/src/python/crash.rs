//! Where a process in Python was that crashed: Python's fault handler writes its stack to the standard error.

use super::confine;

/// What every such stack begins with.
const FATAL: &str = "Fatal Python error";

/// The author's file and line in what a crashed process wrote.
///
/// ```text
/// Fatal Python error: Segmentation fault
///
/// Current thread 0x00007f… (most recent call first):
///   File "/usr/lib/python3.11/ctypes/__init__.py", line 517 in string_at
///   File "/proc/self/fd/5/main.py", line 9 in answer
/// ```
pub fn place(words: &str) -> Option<(String, u32)> {
    let start = format!("File \"{}/", confine::code_path());
    // A worker may have told of earlier ones.
    let (_, last) = words.rsplit_once(FATAL)?;
    last.lines().find_map(|line| {
        let (file, rest) = line.trim_start().strip_prefix(&start)?.split_once("\", line ")?;
        let line = rest.split(' ').next()?.parse().ok()?;
        Some((file.to_owned(), line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authors_own_line_is_found() {
        let words = "Fatal Python error: Segmentation fault\n\nCurrent thread 0x0 (most recent call first):\n  \
            File \"/usr/lib/python3.11/ctypes/__init__.py\", line 517 in string_at\n  \
            File \"/proc/self/fd/5/lib/a.py\", line 9 in answer\n  File \"/proc/self/fd/5/main.py\", line 2 in x";
        assert_eq!(place(words), Some(("lib/a.py".to_owned(), 9)));
        assert_eq!(
            place("Fatal Python error: x\nFile \"/proc/self/fd/5/main.py\", line x"),
            None
        );
        assert_eq!(place(""), None);
    }
}
