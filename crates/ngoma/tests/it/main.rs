//! The whole program, as its users meet it: real processes, real sockets, real files.

mod api;
mod apply;
mod bad_input;
mod channels;
mod demo;
mod dialogues;
mod failed_fsync;
mod how_to;
mod kill;
mod ledgers;
mod metrics;
mod optout;
mod processes;
mod program;
mod queue;
mod simulate;
mod smpp;
mod smpp_kill;
mod smpp_server;
mod smsc;
mod store;
mod stored;
mod vumi;
