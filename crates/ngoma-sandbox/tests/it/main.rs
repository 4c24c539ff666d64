//! Scripts through the real sandbox: a worker process, its forks, the line protocol, the resources.

mod account;
mod attacks;
mod breakouts;
mod builtins;
mod describing;
mod errors;
mod harness;
mod loading;
mod modules;
mod ordinary_user;
mod python;
mod python_attacks;
mod python_bombs;
mod recordings;
mod signals;
mod steps;
mod testing;
