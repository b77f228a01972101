//! Whether 32 bytes are a usable Ed25519 public key (RFC 8032 §5.1.3): canonical, on the curve, not of small order.
//! aws-lc-rs takes any 32 bytes and finds out at the first signature, JW-4 wants it at import. Public values only,
//! so nothing here needs constant time.

/// An element of GF(2^255 - 19), little-endian limbs, some number below 2^256 that is congruent to it.
type Element = [u64; 4];

const P_LOW: u64 = 0xffff_ffff_ffff_ffed;
const P_HIGH: u64 = 0x7fff_ffff_ffff_ffff;
const MINUS_1: Element = [P_LOW - 1, u64::MAX, u64::MAX, P_HIGH];
const MINUS_121665: Element = [P_LOW - 121_665, u64::MAX, u64::MAX, P_HIGH];
const N121666: Element = [121_666, 0, 0, 0];
/// The three spellings of one below 2^256: 1, p + 1, 2p + 1.
const ONES: [Element; 3] =
    [[1, 0, 0, 0], [P_LOW + 1, u64::MAX, u64::MAX, P_HIGH], [P_LOW.wrapping_mul(2) + 1, u64::MAX, u64::MAX, u64::MAX]];

/// The y of the points whose order divides 8: with one of them as its key, a signature proves nothing.
const SMALL_ORDER: [Element; 5] = [
    [0, 0, 0, 0],
    [1, 0, 0, 0],
    MINUS_1,
    [0x4fd8_4d3d_706a_17c7, 0x0f67_100d_760b_3cba, 0xc6cc_392c_fa53_202a, 0x7a03_ac92_77fd_c74e],
    [0xb027_b2c2_8f95_e826, 0xf098_eff2_89f4_c345, 0x3933_c6d3_05ac_dfd5, 0x05fc_536d_8802_38b1],
];

pub(crate) fn is_usable_public_key(bytes: &[u8; 32]) -> bool {
    let (limbs, _) = bytes.as_chunks::<8>();
    let mut y: Element = [0; 4];
    for (limb, chunk) in y.iter_mut().zip(limbs) {
        *limb = u64::from_le_bytes(*chunk);
    }
    y[3] &= P_HIGH; // the highest bit is the sign of x
    let canonical = y[3] < P_HIGH || y[2] < u64::MAX || y[1] < u64::MAX || y[0] < P_LOW;
    if !canonical || SMALL_ORDER.contains(&y) {
        return false;
    }
    // x² = (y² - 1) / (dy² + 1) with d = -121665/121666 has a root if and only if the product of
    // y² - 1, 121666 - 121665y² and 121666 is a square.
    let y2 = multiply(y, y);
    let numerator = add(y2, MINUS_1);
    let denominator = add(N121666, multiply(y2, MINUS_121665));
    is_nonzero_square(multiply(multiply(numerator, denominator), N121666))
}

/// Euler's criterion: a^((p-1)/2) = 1, where (p-1)/2 = 2^254 - 10 is all ones but for bits 3 and 0.
fn is_nonzero_square(a: Element) -> bool {
    let mut power: Element = [1, 0, 0, 0];
    for bit in (0..254).rev() {
        power = multiply(power, power);
        if bit != 3 && bit != 0 {
            power = multiply(power, a);
        }
    }
    ONES.contains(&power)
}

fn add(a: Element, b: Element) -> Element {
    let mut sum = a;
    let mut carry = 0;
    for (limb, other) in sum.iter_mut().zip(b) {
        (*limb, carry) = split(u128::from(*limb) + u128::from(other) + u128::from(carry));
    }
    fold(sum, carry)
}

fn multiply(a: Element, b: Element) -> Element {
    let mut product = [0_u64; 8];
    for (offset, x) in a.into_iter().enumerate() {
        let mut carry = 0;
        let mut limbs = product.iter_mut().skip(offset);
        for (y, limb) in b.into_iter().zip(limbs.by_ref()) {
            (*limb, carry) = split(u128::from(x) * u128::from(y) + u128::from(*limb) + u128::from(carry));
        }
        if let Some(limb) = limbs.next() {
            *limb = carry;
        }
    }
    let [l0, l1, l2, l3, h0, h1, h2, h3] = product;
    let mut low = [l0, l1, l2, l3];
    let mut carry = 0;
    for (limb, high) in low.iter_mut().zip([h0, h1, h2, h3]) {
        (*limb, carry) = split(u128::from(high) * 38 + u128::from(*limb) + u128::from(carry));
    }
    fold(low, carry)
}

/// Adds `carry` · 2^256, which is congruent to `carry` · 38, until none is left (at most twice).
fn fold(mut low: Element, mut carry: u64) -> Element {
    while carry != 0 {
        carry *= 38;
        for limb in &mut low {
            (*limb, carry) = split(u128::from(*limb) + u128::from(carry));
        }
    }
    low
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted, the high half is the carry")]
fn split(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

    use super::is_usable_public_key;
    use crate::base64url;

    fn bytes(low: u8, high: u8, middle: u8) -> [u8; 32] {
        let mut bytes = [middle; 32];
        (bytes[0], bytes[31]) = (low, high);
        bytes
    }

    #[test]
    fn jw_4_generated_keys_are_usable_and_half_of_all_other_strings_are_not_on_the_curve() {
        let (mut on, mut off) = (0, 0);
        for _ in 0..64 {
            let pair = Ed25519KeyPair::generate().unwrap();
            let mut key: [u8; 32] = pair.public_key().as_ref().try_into().unwrap();
            assert!(is_usable_public_key(&key));
            key[31] ^= 0x80;
            assert!(is_usable_public_key(&key), "the negated point");
            key[7] ^= 1;
            *if is_usable_public_key(&key) { &mut on } else { &mut off } += 1;
        }
        assert!(on > 10 && off > 10, "{on} {off}");
    }

    #[test]
    fn jw_4_points_of_small_order_and_second_spellings_are_refused() {
        let order_8 = ["xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o", "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU"];
        for sign in [0, 0x80] {
            assert!(!is_usable_public_key(&bytes(0, sign, 0)), "order 4");
            assert!(!is_usable_public_key(&bytes(1, sign, 0)), "order 1");
            assert!(!is_usable_public_key(&bytes(0xec, 0x7f | sign, 0xff)), "order 2");
            for y in order_8 {
                let mut point: [u8; 32] = base64url::decode(y).unwrap().try_into().unwrap();
                point[31] |= sign;
                assert!(!is_usable_public_key(&point), "order 8: {y}");
            }
            for low in 0xed..=0xff {
                assert!(!is_usable_public_key(&bytes(low, 0x7f | sign, 0xff)), "y = p + {}", low - 0xed);
            }
        }
    }

    /// y = 2 is the textbook example off the curve, y = 4/5 is the base point (RFC 8032 §5.1).
    #[test]
    fn jw_4_known_points() {
        assert!(!is_usable_public_key(&bytes(2, 0, 0)));
        assert!(is_usable_public_key(&bytes(0x58, 0x66, 0x66)));
    }
}
