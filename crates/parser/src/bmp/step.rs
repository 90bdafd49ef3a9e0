use super::{Event, Framing, Out};
use crate::{Statistics, Step};

/// Does with the message at the start of `bytes` what `decode` says; octets are counted by the caller.
pub(crate) fn step<M, S: FnMut(Event<'_>)>(
    framing: Framing<M>,
    bytes: &[u8],
    statistics: &mut Statistics,
    sink: &mut S,
    decode: impl FnOnce(M, &mut Out<'_, S>),
) -> Step {
    let (record, offset) = (statistics.records, statistics.octets);
    let mut out = Out { sink, statistics, record, offset, bytes };
    match framing {
        Framing::Message(message, octets) => {
            decode(message, &mut out);
            out.statistics.records += 1;
            Step::Read(octets)
        }
        Framing::More(octets) => Step::More(octets),
        Framing::Lost(kind) => {
            out.damage(bytes, kind);
            Step::End
        }
    }
}
