//! The cheapest application behind a gateway: every request over HTTP is answered with the same text.

use std::io::{BufReader, Write};
use std::net::TcpStream;

use anyhow::Result;

use crate::http;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nMessage 1";

/// Answers one request after the other until the connection ends.
pub fn serve(stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while http::read_request(&mut stream).is_ok() {
        stream.get_mut().write_all(ANSWER)?;
    }
    Ok(())
}
