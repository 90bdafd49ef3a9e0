use rpki::rtr::pdu::ErrorCode;
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::*;
use crate::source::Source;
use crate::state::SourceState;

/// A client on one end of a pipe, the cache is the test on the other.
struct Lab {
    cache: DuplexStream,
    states: watch::Receiver<Vec<SourceState>>,
    client: tokio::task::JoinHandle<Ended>,
    started: Instant,
}

fn lab() -> Lab {
    let cache = Cache { address: "cache:323".to_owned(), tls: false, ca_file: None };
    let (mut reports, states) = Report::channel(&[Source::Rtr(cache.clone())]);
    let report = reports.remove(0);
    let (session, intervals) = (Session::default(), Intervals::of(None));
    let mut client = Client { cache, report, session, intervals };
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let client = tokio::spawn(async move {
        let Err(ended) = client.converse(ours).await;
        ended
    });
    Lab { cache: theirs, states, client, started: Instant::now() }
}

impl Lab {
    async fn expect(&mut self, bytes: &[u8]) {
        let mut read = vec![0; bytes.len()];
        self.cache.read_exact(&mut read).await.unwrap();
        assert_eq!(read, bytes);
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.cache.write_all(bytes).await.unwrap();
    }

    /// How the connection ended, and after how many seconds.
    async fn ended(self) -> (String, u64) {
        let ended = self.client.await.unwrap();
        (ended.to_string(), self.started.elapsed().as_secs())
    }

    fn vrps(&self) -> usize {
        self.states.borrow()[0].snapshot.as_ref().map_or(0, |data| data.vrps.len())
    }

    /// Answers the first query with one VRP at serial 1, refresh 30, retry 10, expire 600.
    async fn synchronise(&mut self) {
        self.expect(&RESET_QUERY).await;
        self.send(&[&RESPONSE[..], &prefix(1), &end(1)].concat()).await;
        self.states.wait_for(|states| states[0].snapshot.is_some()).await.unwrap();
    }
}

const RESET_QUERY: [u8; 8] = [2, 2, 0, 0, 0, 0, 0, 8];
const RESPONSE: [u8; 8] = [2, 3, 0, 7, 0, 0, 0, 8];

fn prefix(asn: u8) -> [u8; 20] {
    [2, 4, 0, 0, 0, 0, 0, 20, 1, 21, 21, 0, 198, 18, 0, 0, 0, 0, 0, asn]
}

fn end(serial: u8) -> [u8; 24] {
    [2, 7, 0, 7, 0, 0, 0, 24, 0, 0, 0, serial, 0, 0, 0, 30, 0, 0, 0, 10, 0, 0, 2, 88]
}

fn notify(serial: u8) -> [u8; 12] {
    [2, 0, 0, 7, 0, 0, 0, 12, 0, 0, 0, serial]
}

fn serial_query(serial: u8) -> [u8; 12] {
    [2, 1, 0, 7, 0, 0, 0, 12, 0, 0, 0, serial]
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_never_answers_is_left() {
    let mut lab = lab();
    lab.expect(&RESET_QUERY).await;
    let ended = lab.client.await.unwrap();
    assert_eq!(ended.to_string(), "the cache said nothing for 30 s");
    assert_eq!(lab.started.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_stalls_inside_a_payload_is_left_and_the_data_stays() {
    let mut lab = lab();
    lab.synchronise().await;
    lab.send(&notify(2)).await;
    lab.expect(&serial_query(1)).await;
    lab.send(&[&RESPONSE[..], &prefix(2), &prefix(3)[..11]].concat()).await;
    let states = lab.states.clone();
    // Keeps the pipe open.
    let _cache = std::mem::replace(&mut lab.cache, tokio::io::duplex(1).0);
    assert_eq!(lab.vrps(), 1);
    assert_eq!(lab.ended().await, ("the cache said nothing for 30 s".to_owned(), 30));
    assert_eq!(states.borrow()[0].snapshot.as_ref().unwrap().vrps.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_drips_is_left_in_the_end() {
    let mut lab = lab();
    lab.expect(&RESET_QUERY).await;
    lab.send(&RESPONSE).await;
    for asn in 1..15 {
        tokio::time::sleep(Duration::from_secs(20)).await;
        lab.send(&prefix(asn)).await;
    }
    let _cache = std::mem::replace(&mut lab.cache, tokio::io::duplex(1).0);
    assert_eq!(lab.ended().await, ("an answer took more than 300 s".to_owned(), 300));
}

#[tokio::test(start_paused = true)]
async fn it_asks_again_when_the_cache_said_and_tells_how_long_data_may_be_used() {
    let mut lab = lab();
    lab.synchronise().await;
    let state = lab.states.borrow()[0].clone();
    assert_eq!(state.rhythm, Duration::from_secs(30));
    let life = state.expires.unwrap().since(state.as_of.unwrap());
    assert_eq!(life, Duration::from_secs(600));
    lab.expect(&serial_query(1)).await;
    assert_eq!(lab.started.elapsed().as_secs(), 30);
    lab.send(&[&RESPONSE[..], &prefix(2), &end(2)].concat()).await;
    lab.expect(&serial_query(2)).await;
    assert_eq!((lab.started.elapsed().as_secs(), lab.vrps()), (60, 2));
}

#[tokio::test(start_paused = true)]
async fn a_notify_that_crosses_a_query_is_followed_after_the_answer() {
    let mut lab = lab();
    lab.synchronise().await;
    lab.send(&notify(2)).await;
    lab.expect(&serial_query(1)).await;
    lab.send(&[&notify(3)[..], &RESPONSE, &prefix(2), &end(2)].concat()).await;
    lab.expect(&serial_query(2)).await;
    assert_eq!((lab.started.elapsed().as_secs(), lab.vrps()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn a_cache_reset_is_followed_by_a_reset_query() {
    let mut lab = lab();
    lab.synchronise().await;
    lab.expect(&serial_query(1)).await;
    lab.send(&[2, 8, 0, 0, 0, 0, 0, 8]).await;
    lab.expect(&RESET_QUERY).await;
}

/// The length of the second prefix says 21; a type that is not known; HTTP.
#[tokio::test(start_paused = true)]
async fn what_is_no_pdu_ends_the_connection_with_a_report() {
    let mut lie = prefix(2);
    lie[7] = 21;
    for (bytes, code, complaint) in [
        (&lie[..], 0, "a PDU of type 4 says it has 21 octets"),
        (&[2, 99, 0, 0, 0, 0, 0, 8], 5, "a PDU of unknown type 99"),
        (b"HTTP/1.1 400 Bad Request\r\n", 4, "protocol version 72 is not known"),
    ] {
        let mut lab = lab();
        lab.synchronise().await;
        lab.send(bytes).await;
        lab.expect(&pdu::error_report(2, ErrorCode(code), complaint)).await;
        assert_eq!(lab.vrps(), 1);
        assert_eq!(lab.ended().await, (complaint.to_owned(), 0));
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_report_is_not_answered() {
    let mut lab = lab();
    lab.expect(&RESET_QUERY).await;
    lab.send(&pdu::error_report(2, ErrorCode(2), "no data")).await;
    let mut rest = Vec::new();
    lab.cache.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, Vec::<u8>::new());
    assert_eq!(lab.ended().await, ("the cache has no data yet".to_owned(), 0));
}

/// FORT 1.6.0 and 1.6.1 answer a version that is too new for them with an Error Report of version 255.
#[tokio::test]
async fn a_report_of_a_version_that_nobody_speaks_means_a_lower_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cache = Cache::new(&listener.local_addr().unwrap().to_string()).unwrap();
    let (mut reports, mut states) = Report::channel(&[Source::Rtr(cache.clone())]);
    let following = tokio::spawn(run(cache, reports.remove(0)));
    let expect = async |query: [u8; 8]| {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = [0; 8];
        stream.read_exact(&mut read).await.unwrap();
        assert_eq!(read, query);
        stream
    };
    let mut stream = expect(RESET_QUERY).await;
    stream.write_all(&[255, 10, 0, 4, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0]).await.unwrap();
    let mut stream = expect([1, 2, 0, 0, 0, 0, 0, 8]).await;
    for mut pdu in [&RESPONSE[..], &prefix(1), &end(1)].map(<[u8]>::to_vec) {
        pdu[0] = 1;
        stream.write_all(&pdu).await.unwrap();
    }
    let found = states.wait_for(|states| states[0].snapshot.is_some()).await.unwrap();
    assert_eq!(found[0].trouble, None);
    following.abort();
}
