use crate::output::Output;
use crate::vantages::Vantages;
use crate::{DamageKind, Filter, Item};

/// RIS Live messages. What outlives a line: the vantage points seen so far.
#[derive(Debug)]
pub(crate) struct Decoder {
    vantages: Vantages,
}

impl Decoder {
    pub(crate) fn new(collector: &str) -> Self {
        Decoder { vantages: Vantages::new(collector) }
    }

    pub(crate) fn decode<S: FnMut(Item<'_>)>(
        &mut self,
        line: &[u8],
        _filter: &impl Filter,
        output: &mut Output<'_, S>,
    ) {
        let _ = &self.vantages;
        output.damage(line, DamageKind::Json);
    }
}
