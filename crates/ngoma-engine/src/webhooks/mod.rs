//! Web hooks of services: how a call is signed, and how long it is tried.

mod schedule;
mod signature;
