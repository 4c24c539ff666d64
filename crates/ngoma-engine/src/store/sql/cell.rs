//! What a query gives.

use super::SqlError;
use ngoma_message::{MessageId, Timestamp};

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// No value.
    Null,
    /// A whole number.
    Int(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes, an id's too.
    Bytes(Vec<u8>),
}

/// One row of a query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row(pub(super) Vec<Cell>);

impl Row {
    /// The value of a column, from 0.
    pub(crate) fn get<T: FromCell>(&self, column: usize) -> Result<T, SqlError> {
        let cell = self.0.get(column).unwrap_or(&Cell::Null);
        T::from_cell(cell).ok_or_else(|| SqlError::Refused(format!("column {column} holds something else: {cell:?}")))
    }

    /// A row of the columns from that one on.
    pub(crate) fn after(row: &Self, columns: usize) -> Self {
        Self(row.0.get(columns..).unwrap_or_default().to_vec())
    }

    /// Every value as text: an id as its digits, nothing as `-`.
    #[cfg(test)]
    pub(in crate::store) fn as_texts(&self) -> Vec<String> {
        self.0.iter().map(Cell::as_text).collect()
    }

    /// The value of the last column.
    pub(crate) fn last<T: FromCell>(&self) -> Result<T, SqlError> {
        self.get(self.0.len().saturating_sub(1))
    }
}

#[cfg(test)]
impl Cell {
    fn as_text(&self) -> String {
        match self {
            Self::Null => "-".to_owned(),
            Self::Int(value) => value.to_string(),
            Self::Real(value) => value.to_string(),
            Self::Text(value) => value.clone(),
            Self::Bytes(value) => value.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// What a value is read as.
pub(crate) trait FromCell: Sized {
    /// The value, unless it is of another kind.
    fn from_cell(cell: &Cell) -> Option<Self>;
}

impl FromCell for i64 {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Int(value) => Some(*value),
            _ => None,
        }
    }
}

impl FromCell for u32 {
    fn from_cell(cell: &Cell) -> Option<Self> {
        i64::from_cell(cell).and_then(|value| Self::try_from(value).ok())
    }
}

impl FromCell for bool {
    fn from_cell(cell: &Cell) -> Option<Self> {
        i64::from_cell(cell).map(|value| value != 0)
    }
}

impl FromCell for f64 {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Real(value) => Some(*value),
            _ => None,
        }
    }
}

impl FromCell for String {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Text(value) => Some(value.clone()),
            _ => None,
        }
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Bytes(value) => Some(value.clone()),
            _ => None,
        }
    }
}

impl FromCell for MessageId {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Bytes(value) => value.as_slice().try_into().ok().map(Self::from_bytes),
            _ => None,
        }
    }
}

impl FromCell for Timestamp {
    fn from_cell(cell: &Cell) -> Option<Self> {
        i64::from_cell(cell).map(Self::from_micros)
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}
