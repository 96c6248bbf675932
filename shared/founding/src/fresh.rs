//! The random bytes of one invocation, drawn at its beginning.
//!
//! Invariant: each part is used for one secret, and none is printed.

use std::fmt;

/// Random bytes for every secret that one founding may make.
pub struct Fresh {
    /// The installation secret.
    pub installation: [u8; 32],
    /// The tenant's own key.
    pub tenant: [u8; 32],
    /// The secrets of two API keys.
    pub api_keys: [[u8; 20]; 2],
    /// The code of an invitation.
    pub invitation: [u8; 16],
}

impl Fresh {
    /// Draws from the operating system.
    pub fn from_system() -> Result<Self, getrandom::Error> {
        let mut fresh = Self {
            installation: [0; 32],
            tenant: [0; 32],
            api_keys: [[0; 20]; 2],
            invitation: [0; 16],
        };
        getrandom::fill(&mut fresh.installation)?;
        getrandom::fill(&mut fresh.tenant)?;
        getrandom::fill(&mut fresh.invitation)?;
        for secret in &mut fresh.api_keys {
            getrandom::fill(secret)?;
        }
        Ok(fresh)
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fresh(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_equals_another() {
        let (one, other) = (Fresh::from_system().unwrap(), Fresh::from_system().unwrap());
        assert_ne!(one.installation, one.tenant);
        assert_ne!(one.installation, other.installation);
        assert_ne!(one.api_keys[0], one.api_keys[1]);
        assert_eq!(format!("{one:?}"), "Fresh(…)");
    }
}
