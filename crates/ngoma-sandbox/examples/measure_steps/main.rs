//! Measures steps of services, for `cargo xtask bench services`. One JSON line comes out.
//!
//! `measure_steps WORKER cost FOLDER DIALOGUE MESSAGES AT_ONCE`: processor and wall time of a message, idle memory
//! `measure_steps WORKER kill`: how long code that has to be stopped runs
//! `measure_steps WORKER neighbours SECONDS`: a modest service's times alone, and beside one that eats all it may

mod cost;
mod ground;
mod kill;
mod neighbours;

use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        [worker, "cost", folder, dialogue, messages, at_once] => {
            cost::measure(worker, folder, dialogue, messages.parse()?, at_once.parse()?).await?
        }
        [worker, "kill"] => kill::measure(worker).await?,
        [worker, "neighbours", seconds] => neighbours::measure(worker, seconds.parse()?).await?,
        _ => return Err("see the first lines of this program for what it takes".into()),
    };
    println!("{result}");
    Ok(())
}
