/// The CRC-32 of bzip2: the polynomial of Ethernet with the most significant bit first, which the
/// crates for gzip do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crc(u32);

/// Eight octets at a time: one by one would cost a fifth of the whole decompression.
const TABLES: [[u32; 256]; 8] = tables();

impl Crc {
    pub(super) const fn new() -> Self {
        Crc(u32::MAX)
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let (chunks, rest) = bytes.as_chunks::<8>();
        let mut crc = self.0;
        for chunk in chunks {
            let [a, b, c, d, e, f, g, h] = *chunk;
            let [i, j, k, l] = (crc ^ u32::from_be_bytes([a, b, c, d])).to_be_bytes();
            crc = [i, j, k, l, e, f, g, h]
                .into_iter()
                .zip(TABLES.iter().rev())
                .fold(0, |crc, (octet, table)| crc ^ table[usize::from(octet)]);
        }
        for octet in rest {
            crc = crc << 8 ^ TABLES[0][usize::from((crc >> 24) as u8 ^ octet)];
        }
        self.0 = crc;
    }

    pub(super) const fn value(self) -> u32 {
        !self.0
    }
}

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut octet = 0;
    while octet < 256 {
        let mut crc = (octet as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc >> 31 == 0 { crc << 1 } else { crc << 1 ^ 0x04c1_1db7 };
            bit += 1;
        }
        tables[0][octet] = crc;
        octet += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut octet = 0;
        while octet < 256 {
            let before: u32 = tables[table - 1][octet];
            tables[table][octet] = before << 8 ^ tables[0][(before >> 24) as usize];
            octet += 1;
        }
        table += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-32/BZIP2 in the catalogue of parametrised CRC algorithms (G. Cook).
    #[test]
    fn the_check_value_of_the_catalogue() {
        let mut crc = Crc::new();
        crc.update(b"123456789");
        assert_eq!(crc.value(), 0xfc89_1918);
    }
}
