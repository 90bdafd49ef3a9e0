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
    /// Which of them have AS 0 in a path, which is told as damage (RFC 7607).
    as0: Vec<usize>,
}

impl Feed {
    pub(crate) fn read(data: &Path) -> Result<Self, Box<dyn Error>> {
        let file = File::open(data.join("rislive/feed-300k.ndjson.gz"))?;
        let (mut bytes, mut ends, mut as0) = (Vec::new(), Vec::new(), Vec::new());
        for line in BufReader::new(GzDecoder::new(file)).lines() {
            let line = line?;
            frame(&mut bytes, line.as_bytes());
            if has_as0(&line) {
                as0.push(ends.len());
            }
            ends.push(bytes.len());
        }
        Ok(Feed { bytes, ends, as0 })
    }

    /// The whole of it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// How many damaged places all of it has.
    pub(crate) fn damages(&self) -> usize {
        self.as0.len()
    }

    /// How many of them are in what `messages` gives of the same place.
    pub(crate) fn damages_in(&self, first: usize, number: usize) -> usize {
        let first = first % self.ends.len().max(1);
        self.as0.iter().filter(|place| (first..first + number).contains(place)).count()
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

/// Whether AS 0 stands in the path of this message.
fn has_as0(line: &str) -> bool {
    let path = line.split_once("\"path\":[").and_then(|(_, rest)| rest.split_once(']'));
    path.is_some_and(|(path, _)| path.split(',').any(|asn| asn.trim() == "0"))
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

/// What `Server::visit` sends beside the feed: the acknowledgement is a message too.
pub(crate) const ACKNOWLEDGEMENTS: usize = 1;

/// A RIS Live server for one client at a time.
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

    /// Waits for a client and takes its one subscription. What is written then are frames.
    pub(crate) fn accept(&self) -> Result<TcpStream, Box<dyn Error>> {
        let (stream, _) = self.listener.accept()?;
        stream.set_nodelay(true)?;
        let frames = stream.try_clone()?;
        let mut socket = tungstenite::accept(stream)?;
        while !socket.read()?.is_text() {}
        socket.send(Message::text(r#"{"type":"ris_subscribe_ok","data":{}}"#))?;
        Ok(frames)
    }
}
