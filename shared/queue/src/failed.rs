//! Items that were not accepted: what is kept of them, and why.
//!
//! Invariant: a failed item tells no personal value in the clear, and is under 64 KiB whole.

use domain::{event::Sealed, tenant::TenantId, time::Timestamp};
use serde::{Deserialize, Serialize};

/// The most bytes of a raw item that are kept: sealed and as base64 they stay under 64 KiB
/// together with the rest. An item of a size that is allowed, 32 KiB, is always kept whole.
pub const MAX_ITEM_BYTES: usize = 44_000;

const MAX_TEXT_BYTES: usize = 300;

/// An item of a batch that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedItem {
    /// Whose item it was.
    pub tenant: TenantId,
    /// When the gateway received it.
    pub received_at: Timestamp,
    /// The route that it came by, such as `/v1/batch`.
    pub source: String,
    /// What was wrong with it, as a stable word.
    pub code: String,
    /// What was wrong with it, for people.
    pub message: String,
    /// The item as it came, sealed as an item of the tenant; only its beginning when it was over
    /// [`MAX_ITEM_BYTES`].
    pub item: Sealed,
}

impl FailedItem {
    /// Returns as much of a raw item as is kept.
    pub fn cut(raw: &[u8]) -> &[u8] {
        raw.get(..MAX_ITEM_BYTES).unwrap_or(raw)
    }

    /// Cuts the texts to 300 bytes each.
    #[must_use]
    pub fn with_short_texts(mut self) -> Self {
        for text in [&mut self.source, &mut self.code, &mut self.message] {
            text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_failed_item_is_under_64_kilobytes() {
        // Sealing adds 29 bytes, base64 a third.
        let sealed = "A".repeat((FailedItem::cut(&vec![b'x'; 100_000]).len() + 29).div_ceil(3) * 4);
        let item = FailedItem {
            tenant: "a".repeat(40).parse().unwrap(),
            received_at: Timestamp::from_millis(0).unwrap(),
            source: "é".repeat(900),
            code: "\u{1}".repeat(900),
            message: "m".repeat(90_000),
            item: Sealed(sealed),
        };
        let body = serde_json::to_string(&item.with_short_texts()).unwrap();
        assert!(body.len() < 64 * 1024, "{}", body.len());
    }
}
