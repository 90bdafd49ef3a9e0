use std::error::Error;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use parser::Reader;
use socket2::{Domain, Socket, Type};

use super::Line;
use super::daemon::{Daemon, config};
use super::relay::Relay;

const RIB: &str = "mrt/CAIDA+libbgpstream/routeviews.route-views.jinx.ribs.1401487200.bz2";

/// The peer whose table it nearly all is.
const PEER_AS: u32 = 30_844;

/// The size of the table and how much of it is watched.
const SIZES: [(usize, usize); 3] = [(100_000, 10), (usize::MAX, 10), (usize::MAX, 1_000)];

pub(crate) fn measure(
    program: &Path,
    data: &Path,
    routers: u8,
) -> Result<Vec<Line>, Box<dyn Error>> {
    let routes = routes(&data.join(RIB))?;
    let (mut lines, mut peaks) = (Vec::new(), Vec::new());
    for (size, watched) in SIZES {
        let routes = routes.get(..size).unwrap_or(&routes);
        let (rate, peak) = run(program, routes, watched, routers)?;
        lines.push(Line {
            what: format!("bmp, {routers} x {} routes, {watched} watched", routes.len()),
            figure: format!("{rate:.0}/s, {peak:.1} MB"),
            target: "above 200,000/s",
            reached: rate > 200_000.0,
        });
        peaks.push(peak);
    }
    let growth = peaks[1] / peaks[0];
    lines.push(Line {
        what: "bmp, memory with the whole table to a part of it".to_owned(),
        figure: format!("{growth:.2} times"),
        target: "below 1.2 times",
        reached: growth < 1.2,
    });
    Ok(lines)
}

/// One route of the table: its prefix as a prefix and in octets, and its path attributes.
struct Route {
    prefix: String,
    nlri: Vec<u8>,
    attributes: Vec<u8>,
}

/// Routes a second and peak memory.
fn run(
    program: &Path,
    routes: &[Route],
    watched: usize,
    routers: u8,
) -> Result<(f64, f64), Box<dyn Error>> {
    let relay = Relay::start()?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let step = (routes.len() / watched).max(1);
    let mut text = String::new();
    for route in routes.iter().step_by(step).take(watched) {
        writeln!(text, "[[watch]]\nprefix = \"{}\"\norigins = \"any\"", route.prefix)?;
    }
    let mut text = config(relay.port, &text);
    write!(text, "[[feed]]\ntype = \"bmp\"\nlisten = \"127.0.0.1:{port}\"\nrouters = [")?;
    for router in 1..=routers {
        write!(text, "{{ address = \"127.0.1.{router}\", name = \"edge{router}\" }},")?;
    }
    text.push_str("]\n");
    let daemon = Daemon::start(program, &text)?;
    let table: Arc<Vec<u8>> = Arc::new(session(routes)?);
    let begun = Instant::now();
    let senders: Vec<_> = (1..=routers)
        .map(|router| {
            let table = table.clone();
            thread::spawn(move || connect(router, port)?.write_all(&table))
        })
        .collect();
    for sender in senders {
        sender.join().map_err(|_| "a router broke down")??;
    }
    for _ in 1..=routers {
        daemon.wait_for("disconnected: closed by the router")?;
    }
    let all = routes.len() as f64 * f64::from(routers);
    let rate = all / begun.elapsed().as_secs_f64();
    let (used, _) = daemon.stop()?;
    Ok((rate, used.peak))
}

/// From an address of its own, as routers do.
fn connect(router: u8, port: u16) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 1, router), 0)).into())?;
    socket.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    Ok(socket.into())
}

/// All that a router sends: who its peer is, and the table, a message for each route (RFC 7854).
fn session(routes: &[Route]) -> Result<Vec<u8>, Box<dyn Error>> {
    const PEER_UP: u8 = 3;
    const INITIATION: u8 = 4;
    const ROUTE_MONITORING: u8 = 0;
    let mut bytes = Vec::new();
    let mut message = |kind: u8, body: &[&[u8]]| -> Result<(), Box<dyn Error>> {
        let length = 6 + body.iter().map(|part| part.len()).sum::<usize>();
        bytes.push(3);
        bytes.extend(u32::try_from(length)?.to_be_bytes());
        bytes.push(kind);
        body.iter().for_each(|part| bytes.extend(*part));
        Ok(())
    };
    let mut peer = vec![0; 22];
    peer.extend([192, 0, 2, 1]);
    peer.extend(PEER_AS.to_be_bytes());
    peer.extend([192, 0, 2, 1]);
    peer.extend([0; 8]);
    let mut open = vec![4, 0x5b, 0xa0, 0, 180, 192, 0, 2, 1, 8, 2, 6, 65, 4];
    open.extend(PEER_AS.to_be_bytes());
    let open = bgp(1, &[&open])?;
    message(INITIATION, &[&[0, 2, 0, 5], b"bench"])?;
    message(PEER_UP, &[&peer, &[0; 16], &[0, 179, 0, 179], &open, &open])?;
    for Route { nlri, attributes, .. } in routes {
        let length = u16::try_from(attributes.len())?.to_be_bytes();
        let update = bgp(2, &[&[0, 0], &length, attributes, nlri])?;
        message(ROUTE_MONITORING, &[&peer, &update])?;
    }
    Ok(bytes)
}

/// A BGP message (RFC 4271 section 4.1).
fn bgp(kind: u8, body: &[&[u8]]) -> Result<Vec<u8>, Box<dyn Error>> {
    let length = 19 + body.iter().map(|part| part.len()).sum::<usize>();
    let mut bytes = vec![0xff; 16];
    bytes.extend(u16::try_from(length)?.to_be_bytes());
    bytes.push(kind);
    body.iter().for_each(|part| bytes.extend(*part));
    Ok(bytes)
}

/// The first entry of each IPv4 record of a table (RFC 6396 section 4.3).
fn routes(rib: &Path) -> Result<Vec<Route>, Box<dyn Error>> {
    let mut bytes = Vec::new();
    Reader::new(File::open(rib)?, "").into_unpacked().read_to_end(&mut bytes)?;
    let (mut routes, mut rest) = (Vec::new(), bytes.as_slice());
    while let Some((header, behind)) = rest.split_first_chunk::<12>() {
        let length = u32::from_be_bytes([header[8], header[9], header[10], header[11]]);
        let (body, behind) = behind.split_at_checked(length as usize).ok_or("a torn record")?;
        rest = behind;
        if header[4..8] == [0, 13, 0, 2] {
            routes.extend(route(body));
        }
    }
    Ok(routes)
}

fn route(body: &[u8]) -> Option<Route> {
    let length = *body.get(4)?;
    let octets = usize::from(length.div_ceil(8));
    let nlri = body.get(4..5 + octets)?.to_vec();
    let mut address = [0; 4];
    address.get_mut(..octets)?.copy_from_slice(nlri.get(1..)?);
    let entry = body.get(5 + octets + 2..)?;
    let size = u16::from_be_bytes([*entry.get(6)?, *entry.get(7)?]);
    let attributes = entry.get(8..8 + usize::from(size))?.to_vec();
    let prefix = format!("{}/{length}", Ipv4Addr::from(address));
    (length > 0).then_some(Route { prefix, nlri, attributes })
}
