use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use flate2::read::GzDecoder;
use tokio_tungstenite::tungstenite::{self, Message};

/// A recorded feed, as the frames of a web socket.
pub(crate) struct Feed {
    bytes: Vec<u8>,
    /// Where each frame ends.
    ends: Vec<usize>,
}

impl Feed {
    pub(crate) fn read(data: &Path) -> Result<Self, Box<dyn Error>> {
        let file = File::open(data.join("rislive/feed-300k.ndjson.gz"))?;
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for line in BufReader::new(GzDecoder::new(file)).split(b'\n') {
            frame(&mut bytes, &line?);
            ends.push(bytes.len());
        }
        Ok(Feed { bytes, ends })
    }

    /// The whole of it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Some messages, not beyond the end; after it the feed begins again.
    pub(crate) fn messages(&self, first: usize, number: usize) -> &[u8] {
        let first = first % self.ends.len().max(1);
        let end = |place: usize| self.ends.get(place).copied();
        let begin = first.checked_sub(1).and_then(end).unwrap_or_default();
        let last = end(first + number - 1).unwrap_or(self.bytes.len());
        self.bytes.get(begin..last).unwrap_or_default()
    }
}

/// One text frame of a server (RFC 6455 section 5.2).
pub(crate) fn frame(bytes: &mut Vec<u8>, text: &[u8]) {
    const FINAL_TEXT: u8 = 0x81;
    bytes.push(FINAL_TEXT);
    match (u8::try_from(text.len()), u16::try_from(text.len())) {
        (Ok(length @ 0..=125), _) => bytes.push(length),
        (_, Ok(length)) => {
            bytes.push(126);
            bytes.extend(length.to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend((text.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(text);
}

/// A RIS Live server for one visitor at a time.
pub(crate) struct Server {
    listener: TcpListener,
}

impl Server {
    pub(crate) fn start() -> io::Result<Self> {
        Ok(Server { listener: TcpListener::bind("127.0.0.1:0")? })
    }

    pub(crate) fn url(&self) -> io::Result<String> {
        Ok(format!("ws://{}/", self.listener.local_addr()?))
    }

    /// `[[feed]]` of this server.
    pub(crate) fn section(&self) -> io::Result<String> {
        let url = self.url()?;
        Ok(format!("[[feed]]\ntype = \"ris-live\"\nurl = \"{url}\"\nmode = \"firehose\"\n"))
    }

    /// Waits for a visitor and takes its one subscription. What is written then are frames.
    pub(crate) fn visit(&self) -> Result<TcpStream, Box<dyn Error>> {
        let (stream, _) = self.listener.accept()?;
        stream.set_nodelay(true)?;
        let frames = stream.try_clone()?;
        let mut socket = tungstenite::accept(stream)?;
        while !socket.read()?.is_text() {}
        socket.send(Message::text(r#"{"type":"ris_subscribe_ok","data":{}}"#))?;
        Ok(frames)
    }
}
