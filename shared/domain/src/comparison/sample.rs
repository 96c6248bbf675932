//! Which leads a sample takes.

use sha2::{Digest, Sha256};

use crate::home::HomeId;

/// Tells whether a lead is in a sample of so many percent: by a hash of its id, so that the same
/// leads are in it each time, and a larger sample holds every smaller one.
pub fn is_sampled(lead: HomeId, percent: u32) -> bool {
    let digest = Sha256::digest(lead.as_bytes());
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    number % 100 < u64::from(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_about_its_percentage_and_holds_every_smaller_one() {
        let lead = |n: u32| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            HomeId::from_bytes(bytes)
        };
        let taken = |percent| (0..10_000).filter(|n| is_sampled(lead(*n), percent)).count();
        assert!((900..1_100).contains(&taken(10)), "{}", taken(10));
        assert_eq!((taken(0), taken(100)), (0, 10_000));
        for n in 0..10_000 {
            assert!(!is_sampled(lead(n), 10) || is_sampled(lead(n), 11));
        }
    }
}
