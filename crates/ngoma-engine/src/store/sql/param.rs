//! What a statement is given.

use crate::record::{Direction, Status};
use ngoma_message::{Address, MessageId, Timestamp};
use std::borrow::Cow;

/// One parameter of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Param<'a> {
    /// No value.
    Null,
    /// A whole number; a claim is 0 or 1, a moment is microseconds since 1970 UTC.
    Int(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
    /// An id of ours.
    Id([u8; 16]),
}

impl Param<'_> {
    /// The same value, which borrows nothing.
    pub(in crate::store) fn to_owned(&self) -> Param<'static> {
        match self {
            Self::Null => Param::Null,
            Self::Int(value) => Param::Int(*value),
            Self::Real(value) => Param::Real(*value),
            Self::Text(text) => Param::Text(Cow::Owned(text.to_string())),
            Self::Bytes(bytes) => Param::Bytes(Cow::Owned(bytes.to_vec())),
            Self::Id(id) => Param::Id(*id),
        }
    }
}

/// The parameters of one statement, each turned into a [`Param`].
macro_rules! args {
    ($($value:expr),* $(,)?) => { [$($crate::store::sql::Param::from($value)),*] };
}
pub(crate) use args;

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<f64> for Param<'_> {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<usize> for Param<'_> {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl<'a> From<&'a str> for Param<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Param<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(value))
    }
}

impl From<Timestamp> for Param<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.micros())
    }
}

/// An id that is not of our form is no value: nothing is found by it, and no row can be stored under it.
impl From<&MessageId> for Param<'_> {
    fn from(value: &MessageId) -> Self {
        value.to_bytes().map_or(Self::Null, Self::Id)
    }
}

impl From<&Address> for Param<'_> {
    fn from(value: &Address) -> Self {
        Self::Text(Cow::Owned(value.to_string()))
    }
}

impl From<Status> for Param<'_> {
    fn from(value: Status) -> Self {
        Self::Int(value.number())
    }
}

impl From<Direction> for Param<'_> {
    fn from(value: Direction) -> Self {
        Self::Int(value.number())
    }
}

impl<'a, T> From<Option<T>> for Param<'a>
where
    Param<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

impl<'a> From<&'a Option<String>> for Param<'a> {
    fn from(value: &'a Option<String>) -> Self {
        Self::from(value.as_deref())
    }
}
