//! What every store keeps, whatever holds it: one suite, run on a SQLite file, on the model of a disk that simulations
//! use, and on PostgreSQL.

mod accepting;
mod contacts;
mod counts;
mod decided;
mod ground;
mod held_texts;
mod inbound;
mod keys;
mod late_answers;
mod outbound;
mod parts;
mod people;
mod receipts;
mod scheduled;
mod sessions;
mod steps;
mod submitted;
mod workers;

use ground::{Ground, on_every_store, on_stores_of_several};
