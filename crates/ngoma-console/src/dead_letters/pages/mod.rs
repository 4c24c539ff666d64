//! The pages of dead letters: one file each.

pub mod list;
pub mod retry;

#[cfg(test)]
mod tests;
