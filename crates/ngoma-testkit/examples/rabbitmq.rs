//! A private RabbitMQ node for a bench: prints its address, and runs until its standard input ends.

use ngoma_testkit::servers::RabbitNode;
use std::io::{Read, stdin};

fn main() {
    let node = RabbitNode::start();
    println!("{}", node.url());
    // Nothing is read: the end of the input is what counts, however it comes.
    let _ = stdin().read(&mut [0]);
    node.stop();
}
