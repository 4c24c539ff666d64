//! Scripts through the real sandbox: a worker process, its forks, the line protocol, the resources.

mod attacks;
mod breakouts;
mod errors;
mod harness;
mod loading;
mod modules;
mod ordinary_user;
mod signals;
mod steps;
