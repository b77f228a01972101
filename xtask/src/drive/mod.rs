//! Driving the built programs from outside, over loopback: a server process, a device, and a person with a browser.
//!
//! Nothing of the product is linked here. What is known is what anybody outside knows: paths, fields and pages.

pub(crate) mod daemon;
pub(crate) mod device;
pub(crate) mod http;
pub(crate) mod page;
pub(crate) mod person;

/// A small seeded generator (SplitMix64), so that a run can be repeated.
#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `low..high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low).max(1)
    }
}
