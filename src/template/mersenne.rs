//! Python's random numbers: the Mersenne Twister MT19937, seeded and drawn from as `random.Random` does.

use sha2::{Digest as _, Sha512};

const SIZE: usize = 624;
const SHIFT: usize = 397;

/// A generator.
pub(crate) struct Mersenne {
    state: Box<[u32; SIZE]>,
    at: usize,
}

impl Mersenne {
    /// `Random(text)`: the seed is the text followed by its SHA-512.
    pub(crate) fn from_text(text: &str) -> Self {
        let mut seed = text.as_bytes().to_vec();
        seed.extend_from_slice(&Sha512::digest(text.as_bytes()));
        Self::from_bytes(&seed)
    }

    /// `Random(number)`
    pub(crate) fn from_int(seed: u64) -> Self {
        Self::from_bytes(&seed.to_be_bytes())
    }

    /// From a large whole number, its highest byte first.
    pub(crate) fn from_bytes(seed: &[u8]) -> Self {
        let mut key: Vec<u32> = seed
            .rchunks(4)
            .map(|chunk| chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)))
            .collect();
        while key.len() > 1 && key.last() == Some(&0) {
            key.pop();
        }
        Self::from_key(if key.is_empty() { &[0] } else { &key })
    }

    /// A number below `limit`, which must be above 0: `randrange(limit)`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        let bits = 64 - limit.leading_zeros();
        loop {
            let drawn = self.bits(bits);
            if drawn < limit {
                return drawn;
            }
        }
    }

    fn from_key(key: &[u32]) -> Self {
        let mut state = [0_u32; SIZE];
        state[0] = 19_650_218;
        for i in 1..SIZE {
            let last = state[i - 1] ^ (state[i - 1] >> 30);
            state[i] = 1_812_433_253_u32.wrapping_mul(last).wrapping_add(i as u32);
        }
        let (mut i, mut j) = (1, 0);
        for _ in 0..SIZE.max(key.len()) {
            let last = state[i - 1] ^ (state[i - 1] >> 30);
            state[i] = (state[i] ^ last.wrapping_mul(1_664_525))
                .wrapping_add(key[j])
                .wrapping_add(j as u32);
            i += 1;
            j = (j + 1) % key.len();
            if i >= SIZE {
                state[0] = state[SIZE - 1];
                i = 1;
            }
        }
        for _ in 0..SIZE - 1 {
            let last = state[i - 1] ^ (state[i - 1] >> 30);
            state[i] = (state[i] ^ last.wrapping_mul(1_566_083_941)).wrapping_sub(i as u32);
            i += 1;
            if i >= SIZE {
                state[0] = state[SIZE - 1];
                i = 1;
            }
        }
        state[0] = 0x8000_0000;
        Self { state: Box::new(state), at: SIZE }
    }

    fn bits(&mut self, bits: u32) -> u64 {
        match bits {
            0 => 0,
            1..=32 => u64::from(self.word() >> (32 - bits)),
            _ => {
                let low = u64::from(self.word());
                low | u64::from(self.word() >> (64 - bits)) << 32
            }
        }
    }

    fn word(&mut self) -> u32 {
        if self.at >= SIZE {
            self.refill();
        }
        let mut word = self.state[self.at];
        self.at += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn refill(&mut self) {
        for i in 0..SIZE {
            let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % SIZE] & 0x7fff_ffff);
            let twist = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + SHIFT) % SIZE] ^ (joined >> 1) ^ twist;
        }
        self.at = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::Mersenne;

    #[test]
    fn draws_what_python_draws() {
        // random.Random(seed).randrange(limit), from CPython 3.11.
        for (seed, limit, want) in [("a", 10, 4), ("host1", 3, 1), ("web1", 59, 52)] {
            assert_eq!(Mersenne::from_text(seed).below(limit), want, "{seed}");
        }
        let mut generator = Mersenne::from_int(42);
        let drawn: Vec<u64> = (0..5).map(|_| generator.below(100)).collect();
        assert_eq!(drawn, [81, 14, 3, 94, 35]);
    }
}
