//! MD5 (RFC 1321).

use crate::checksum::Block;

const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

pub(super) struct Md5 {
    state: [u32; 4],
    sines: [u32; 64],
}

impl Md5 {
    pub(super) fn new() -> Self {
        let mut sines = [0; 64];
        for (at, sine) in sines.iter_mut().enumerate() {
            *sine = (((at + 1) as f64).sin().abs() * 4_294_967_296.0) as u32;
        }
        Self { state: [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476], sines }
    }
}

impl Block for Md5 {
    const BIG_ENDIAN: bool = false;

    fn block(&mut self, block: &[u8; 64]) {
        let mut words = [0_u32; 16];
        for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let [mut a, mut b, mut c, mut d] = self.state;
        for at in 0..64 {
            let (mixed, word) = match at / 16 {
                0 => (b & c | !b & d, at),
                1 => (d & b | !d & c, 5 * at + 1),
                2 => (b ^ c ^ d, 3 * at + 5),
                _ => (c ^ (b | !d), 7 * at),
            };
            let sum = a
                .wrapping_add(mixed)
                .wrapping_add(self.sines[at])
                .wrapping_add(words[word % 16])
                .rotate_left(SHIFTS[at / 16][at % 4]);
            (a, d, c, b) = (d, c, b, b.wrapping_add(sum));
        }
        for (sum, word) in self.state.iter_mut().zip([a, b, c, d]) {
            *sum = sum.wrapping_add(word);
        }
    }

    fn finish(self) -> Vec<u8> {
        self.state.into_iter().flat_map(u32::to_le_bytes).collect()
    }
}
