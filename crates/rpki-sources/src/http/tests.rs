use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::source::Source;

const VRPS: &str = r#"{"metadata":{"generated":1700000000},
    "roas":[{"asn":64500,"prefix":"198.18.0.0/21","maxLength":24,"ta":"test"}]}"#;

/// Serves one answer to each connection, in order; gives back what was asked.
async fn serve(answers: Vec<Vec<u8>>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/vrps.json", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut lines = BufReader::new(&mut stream).lines();
            let mut request = String::new();
            while let Some(line) = lines.next_line().await.unwrap().filter(|line| !line.is_empty())
            {
                request += &format!("{line}\n");
            }
            asked.push(request);
            // The client may have hung up already, which is what some tests want.
            let _ = stream.write_all(&answer).await;
        }
        asked
    });
    (url, serving)
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\n");
    [format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

struct Lab {
    fetcher: Fetcher,
    report: Report,
}

/// A fetcher of documents up to 1 MiB.
fn lab(url: &str) -> Lab {
    let report = Report::channel(&[Source::Url(url.to_owned())]).0.remove(0);
    Lab { fetcher: Fetcher::new(url.to_owned(), 1 << 20).unwrap(), report }
}

impl Lab {
    /// The error, or how many VRPs there are.
    async fn refresh(&mut self) -> Result<usize, String> {
        let refreshed = self.fetcher.refresh(&mut self.report).await;
        refreshed.map_err(|error| error.to_string())?;
        Ok(self.report.state().snapshot.map_or(0, |data| data.vrps.len()))
    }
}

fn gzip(content: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    content.for_each(|chunk| encoder.write_all(&chunk).unwrap());
    encoder.finish().unwrap()
}

#[tokio::test]
async fn only_news_is_sent_and_what_is_not_new_is_confirmed() {
    let tagged = "200 OK\r\nETag: \"a\"\r\nLast-Modified: Sat, 21 Nov 2026 20:00:00 GMT";
    let (url, serving) = serve(vec![
        answer(tagged, VRPS.as_bytes()),
        answer("304 Not Modified", b""),
        answer("200 OK\r\nETag: \"b\"", VRPS.as_bytes()),
        answer("304 Not Modified", b""),
    ])
    .await;
    let mut lab = lab(&url);
    for renewals in 1..=4 {
        assert_eq!(lab.refresh().await, Ok(1));
        assert_eq!(lab.report.renewals(), renewals);
    }
    let state = lab.report.state();
    assert_eq!((state.snapshot.unwrap().source.as_str(), state.name.as_str()), (&*url, &*url));
    assert_eq!(state.as_of.unwrap().seconds(), 1_700_000_000);
    let asked = serving.await.unwrap();
    let conditions = |request: &String| {
        let lines = request.lines().filter(|line| line.starts_with("if-"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let since = "if-modified-since: Sat, 21 Nov 2026 20:00:00 GMT";
    assert_eq!(
        asked.iter().map(conditions).collect::<Vec<_>>(),
        [
            vec![],
            vec!["if-none-match: \"a\"".to_owned(), since.to_owned()],
            vec!["if-none-match: \"a\"".to_owned(), since.to_owned()],
            vec!["if-none-match: \"b\"".to_owned()],
        ]
    );
    assert!(asked[0].contains("accept-encoding: gzip"), "{}", asked[0]);
}

#[tokio::test]
async fn a_broken_document_is_asked_for_again_and_the_data_stays() {
    let cut = &VRPS.as_bytes()[..100];
    let (url, serving) = serve(vec![
        answer("200 OK\r\nETag: \"good\"", VRPS.as_bytes()),
        answer("200 OK\r\nETag: \"cut\"", cut),
        answer("304 Not Modified", b""),
    ])
    .await;
    let mut lab = lab(&url);
    assert_eq!(lab.refresh().await, Ok(1));
    let complaint = "cut off at line 2, column 62: the JSON is not complete";
    assert_eq!(lab.refresh().await, Err(complaint.to_owned()));
    assert_eq!(lab.refresh().await, Ok(1));
    assert!(serving.await.unwrap()[2].contains("if-none-match: \"good\""));
}

#[tokio::test]
async fn gzip_is_unpacked_as_encoding_and_as_content() {
    let packed = gzip([VRPS.as_bytes().to_vec()].into_iter());
    let encoded = answer("200 OK\r\nContent-Encoding: gzip", &packed);
    let (url, _serving) = serve(vec![encoded, answer("200 OK", &packed)]).await;
    let mut lab = lab(&url);
    assert_eq!(lab.refresh().await, Ok(1));
    assert_eq!(lab.refresh().await, Ok(1));
}

#[tokio::test]
async fn what_is_too_large_is_refused_however_it_comes() {
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n[";
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b' '; 2 << 20]].concat();
    let bomb = gzip(std::iter::repeat_n(vec![b' '; 1 << 20], 64));
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    let (url, _serving) = serve(vec![
        announced.as_bytes().to_vec(),
        endless,
        answer("200 OK\r\nContent-Encoding: gzip", &bomb),
    ])
    .await;
    let mut lab = lab(&url);
    for _ in 0..3 {
        let complaint = "more than 1 MiB: no VRP file is that large";
        assert_eq!(lab.refresh().await, Err(complaint.to_owned()));
    }
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let (url, _serving) = serve(vec![
        answer("200 OK", b"<!DOCTYPE html><title>Portal</title>"),
        answer("503 Service Unavailable", b""),
        b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"roas\":[".to_vec(),
        answer("304 Not Modified", b""),
    ])
    .await;
    let mut lab = lab(&url);
    for complaint in [
        "looks like HTML, not VRPs: it starts with '<!DOCTYPE html><title>Portal</title>'",
        "the server answers 503 Service Unavailable",
        "the transfer failed: ",
        // Not modified since what? Nothing was asked conditionally.
        "the server answers 304 Not Modified",
    ] {
        let error = lab.refresh().await.unwrap_err();
        assert!(error.starts_with(complaint), "{error}");
    }
    let error = self::lab("http://127.0.0.1:1/").refresh().await.unwrap_err();
    assert!(error.starts_with("cannot connect: "), "{error}");
}
