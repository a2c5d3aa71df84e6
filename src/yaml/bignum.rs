//! Decimal digits of whole numbers of any size.

/// One decimal limb holds nine digits.
const LIMB: u64 = 1_000_000_000;

/// The decimal form of a number given by its digits, most significant first, as runs of `(base, digits)`: each digit
/// multiplies what stands before it by its base. Bases are at most 2³², digits are below 2⁶³.
pub(super) fn decimal(negative: bool, runs: &[(u64, &[u64])]) -> String {
    let mut limbs: Vec<u64> = vec![0];
    for &(base, digits) in runs {
        for &digit in digits {
            let mut carry = u128::from(digit);
            for limb in &mut limbs {
                let sum = u128::from(*limb) * u128::from(base) + carry;
                *limb = (sum % u128::from(LIMB)) as u64;
                carry = sum / u128::from(LIMB);
            }
            while carry > 0 {
                limbs.push((carry % u128::from(LIMB)) as u64);
                carry /= u128::from(LIMB);
            }
        }
    }
    let mut text = String::new();
    for limb in limbs.iter().rev() {
        text.push_str(&format!("{limb:09}"));
    }
    let text = text.trim_start_matches('0');
    match (text, negative) {
        ("", _) => "0".to_owned(),
        (_, true) => format!("-{text}"),
        (_, false) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn digits_of_any_base() {
        assert_eq!(decimal(false, &[(10, &[0, 0, 7])]), "7");
        assert_eq!(decimal(true, &[(10, &[])]), "0");
        assert_eq!(decimal(true, &[(16, &[15; 21])]), "-19342813113834066795298815");
        assert_eq!(
            decimal(false, &[(10, &[1; 30]), (60, &[1])]),
            "6666666666666666666666666666661"
        );
    }
}
