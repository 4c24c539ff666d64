//! HTTP/1.1 with connections that stay, in a hundred lines, so that the load program costs next to nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

const TIMEOUT: Duration = Duration::from_secs(30);

/// One connection, used for one request after the other.
pub struct Connection {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
    outgoing: Vec<u8>,
    /// The lines of more headers, each with its end.
    headers: String,
}

/// The answer to one request.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body, as text.
    pub body: String,
}

impl Connection {
    /// Connects to the server at `address`.
    pub fn open(address: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect_timeout(&address, TIMEOUT).with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Connection {
            address,
            stream: BufReader::new(stream),
            outgoing: Vec::new(),
            headers: String::new(),
        })
    }

    /// The same connection, whose requests carry this token.
    pub fn with_token(mut self, token: &str) -> Connection {
        self.headers = format!("Authorization: Bearer {token}\r\n");
        self
    }

    /// Asks for `path`.
    pub fn get(&mut self, path: &str) -> Result<Answer> {
        self.request("GET", path, "")
    }

    /// Posts a JSON text to `path`.
    pub fn post_json(&mut self, path: &str, body: &str) -> Result<Answer> {
        self.request("POST", path, body)
    }

    fn request(&mut self, method: &str, path: &str, body: &str) -> Result<Answer> {
        self.outgoing.clear();
        write!(
            self.outgoing,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{body}",
            self.address,
            body.len(),
            self.headers
        )?;
        self.stream
            .get_mut()
            .write_all(&self.outgoing)
            .context("send the request")?;
        read_answer(&mut self.stream)
    }
}

enum Length {
    Known(usize),
    Chunked,
}

/// Reads a request of which nothing matters but its body.
pub fn read_request(stream: &mut impl BufRead) -> Result<Vec<u8>> {
    read_line(stream)?;
    match read_headers(stream)? {
        Length::Known(length) => read_bytes(stream, length),
        Length::Chunked => read_chunks(stream),
    }
}

fn read_answer(stream: &mut impl BufRead) -> Result<Answer> {
    let status = read_line(stream)?;
    let status = status
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .context("no status line")?;
    let body = match read_headers(stream)? {
        Length::Known(length) => read_bytes(stream, length)?,
        Length::Chunked => read_chunks(stream)?,
    };
    Ok(Answer {
        status,
        body: String::from_utf8(body).context("the body is not UTF-8")?,
    })
}

/// Reads up to the empty line and says how long the body is.
fn read_headers(stream: &mut impl BufRead) -> Result<Length> {
    let mut length = Length::Known(0);
    loop {
        let line = read_line(stream)?;
        let Some((name, value)) = line.split_once(':') else {
            return Ok(length);
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = Length::Known(value.trim().parse().context("read Content-Length")?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            length = Length::Chunked;
        }
    }
}

fn read_chunks(stream: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = usize::from_str_radix(read_line(stream)?.trim(), 16).context("read a chunk's size")?;
        body.extend(read_bytes(stream, size)?);
        read_line(stream)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn read_bytes(stream: &mut impl Read, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).context("read the body")?;
    Ok(bytes)
}

fn read_line(stream: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).context("read the answer")?;
    ensure!(length > 0, "the server closed the connection");
    line.truncate(line.trim_end().len());
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whatever_frames_their_body() {
        check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", 200, "hi");
        check("HTTP/1.1 204 No Content\r\n\r\n", 204, "");
        check(
            "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n",
            404,
            "hi!",
        );
    }

    fn check(wire: &str, status: u16, body: &str) {
        assert_eq!(
            read_answer(&mut wire.as_bytes()).unwrap(),
            Answer {
                status,
                body: body.to_owned()
            }
        );
    }

    #[test]
    fn a_broken_answer_is_an_error() {
        for wire in ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi"] {
            assert!(read_answer(&mut wire.as_bytes()).is_err(), "{wire:?}");
        }
    }
}
