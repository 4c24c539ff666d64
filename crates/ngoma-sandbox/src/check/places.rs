//! Where a byte of a file stands for its reader: line and column.

/// The beginnings of a file's lines.
#[derive(Debug)]
pub struct Places<'a> {
    source: &'a str,
    starts: Vec<usize>,
}

impl<'a> Places<'a> {
    /// Those of this text.
    pub fn new(source: &'a str) -> Self {
        let after = source.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            source,
            starts: std::iter::once(0).chain(after).collect(),
        }
    }

    /// The line and the column of a byte, both from 1; columns are counted in UTF-16, as editors do.
    pub fn of(&self, offset: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.source.get(start..offset).unwrap_or_default();
        let column = before.encode_utf16().count() + 1;
        (narrow(line), narrow(column))
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_has_a_line_and_a_column() {
        let places = Places::new("ab\né😀x\n");
        for (offset, expected) in [
            (0, (1, 1)),
            (2, (1, 3)),
            (3, (2, 1)),
            (5, (2, 2)),
            (9, (2, 4)),
            (11, (3, 1)),
        ] {
            assert_eq!(places.of(offset), expected, "{offset}");
        }
    }
}
