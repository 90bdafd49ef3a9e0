use std::net::UdpSocket;
use std::thread;

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, MX, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record};

/// A name server on loopback that knows these lines of a name, a type and data; its address.
///
/// `SILENT` as a type makes it say nothing about that name.
pub(crate) fn start(zone: &str) -> String {
    let lines: Vec<_> = zone.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let silent: Vec<Name> =
        lines.iter().filter_map(|l| l.strip_suffix(" SILENT")).map(name).collect();
    let told = lines.iter().filter(|line| !line.ends_with(" SILENT"));
    let records: Vec<Record> = told.map(|line| record(line)).collect();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).unwrap();
            let question = Message::from_vec(&buffer[..length]).unwrap();
            if !silent.contains(question.queries[0].name()) {
                socket.send_to(&answer(&question, &records), from).unwrap();
            }
        }
    });
    address
}

fn answer(question: &Message, records: &[Record]) -> Vec<u8> {
    let query = question.queries[0].clone();
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.metadata.recursion_available = true;
    let named: Vec<_> = records.iter().filter(|record| record.name == *query.name()).collect();
    if named.is_empty() {
        answer.metadata.response_code = ResponseCode::NXDomain;
    }
    let of_type = named.into_iter().filter(|record| record.record_type() == query.query_type());
    answer.add_answers(of_type.cloned().collect::<Vec<_>>());
    answer.add_query(query);
    answer.to_vec().unwrap()
}

fn record(line: &str) -> Record {
    let mut parts = line.splitn(3, ' ');
    let [owner, kind, data] = [(); 3].map(|()| parts.next().unwrap());
    let data = match kind {
        "A" => RData::A(A(data.parse().unwrap())),
        "MX" => RData::MX(MX::new(10, name(data))),
        other => {
            assert_eq!(other, "TXT");
            RData::TXT(TXT::new(vec![data.to_owned()]))
        }
    };
    Record::from_rdata(name(owner), 60, data)
}

fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name
}
