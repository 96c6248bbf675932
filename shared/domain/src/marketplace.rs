//! Marketplaces by the one name that facts, weights and answers know each by.
//!
//! Invariant: a name is normal: reading it again gives the same name. It is not empty, has at most
//! [`MAX_BYTES`] bytes and holds no control character and no `/`, so it fits into a key and a path.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{facts::DIRECT, rollup::OTHER};

/// How many bytes the name of a marketplace has at most; a longer one is cut.
pub const MAX_BYTES: usize = 64;

/// Where a lead trades.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Marketplace(String);

/// Says that text names no marketplace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a marketplace is named by text that is not empty and holds no control character")]
pub struct NotAMarketplace;

impl Marketplace {
    /// Returns that of a lead whose events name none.
    pub fn direct() -> Self {
        Self(DIRECT.to_owned())
    }

    /// Returns the one name of those that are too many to tell apart.
    pub(crate) fn other() -> Self {
        Self(OTHER.to_owned())
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Marketplace {
    type Err = NotAMarketplace;

    /// Reads a name as people write it: in lower case, with `_` for spaces, hyphens and slashes.
    fn from_str(text: &str) -> Result<Self, NotAMarketplace> {
        let name = text.trim().to_lowercase().replace([' ', '-', '/'], "_");
        let end = name.floor_char_boundary(MAX_BYTES);
        let name = name.get(..end).unwrap_or_default().trim_end();
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(NotAMarketplace);
        }
        Ok(Self(name.to_owned()))
    }
}

impl TryFrom<String> for Marketplace {
    type Error = NotAMarketplace;

    fn try_from(text: String) -> Result<Self, NotAMarketplace> {
        text.parse()
    }
}

impl From<Marketplace> for String {
    fn from(marketplace: Marketplace) -> Self {
        marketplace.0
    }
}

impl fmt::Display for Marketplace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_same_marketplace_has_one_name_however_it_is_written() {
        for (text, name) in [
            (" Mercado Livre ", "mercado_livre"),
            ("mercado-livre", "mercado_livre"),
            ("Loja #1 (São Paulo)", "loja_#1_(são_paulo)"),
            ("eBay/DE", "ebay_de"),
            ("日本", "日本"),
            ("~!", "~!"),
        ] {
            assert_eq!(text.parse::<Marketplace>().unwrap().as_str(), name);
        }
        assert_eq!("é".repeat(40).parse::<Marketplace>().unwrap().as_str(), "é".repeat(32));
        assert_eq!("direct".parse(), Ok(Marketplace::direct()));
    }

    #[test]
    fn nothing_and_control_characters_are_refused() {
        for text in ["", " ", "\n", "a\tb", "a\u{0}", "\u{85}x\u{7f}y"] {
            assert_eq!(text.parse::<Marketplace>(), Err(NotAMarketplace), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_read_again_is_the_same(text in "\\PC{0,80}") {
            if let Ok(read) = text.parse::<Marketplace>() {
                prop_assert!(read.as_str().len() <= MAX_BYTES);
                prop_assert_eq!(read.as_str().parse(), Ok(read.clone()));
            }
        }
    }
}
