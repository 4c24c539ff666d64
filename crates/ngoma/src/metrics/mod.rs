//! The metrics' own address: where it may be, and what is told there.

mod address;
mod routes;

pub use address::{MetricsArgs, MetricsSettings};
pub use routes::routes;
