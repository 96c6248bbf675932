//! What is staged of an uploaded file: its rows, checked and brought to the fields of a lead.
//!
//! Invariant: a chunk is never stored but sealed, and opens only with the keys of its tenant.

use domain::{bulk::LineError, event::Sealed, identity::Kind, lead::Status, user::UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vault::{Keyring, SealError};

/// How many rows a chunk has at most.
pub const CHUNK_ROWS: usize = 500;

/// Some rows that follow each other in a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    /// The rows that can be brought in.
    pub rows: Vec<Row>,
    /// How many others there were among them.
    pub invalid: u64,
    /// What is wrong with those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<LineError>,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Which row of the file it is, from 1: what tells it from the others.
    pub number: u64,
    /// The line of the file that it begins in, from 1: where people look for it.
    pub line: u64,
    /// What names the person, strongest first; at least one.
    pub identities: Vec<(Kind, String)>,
    /// What the row declares, personal values among it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub traits: Map<String, Value>,
    /// The sales state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Who works the lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<UserId>,
}

/// Says why a chunk could not be written or read. It never repeats what is in it.
#[derive(Debug, thiserror::Error)]
pub enum ChunkError {
    /// The keys do not fit.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The text is not that of a chunk.
    #[error("a staged chunk has not the form that this version reads")]
    Form,
}

impl Chunk {
    /// Seals the chunk for the bucket.
    pub fn seal(&self, keyring: &Keyring) -> Result<Sealed, ChunkError> {
        let text = serde_json::to_vec(self).map_err(|_| ChunkError::Form)?;
        Ok(keyring.seal_item(&text)?)
    }

    /// Opens what [`Self::seal`] made.
    pub fn open(sealed: &Sealed, keyring: &Keyring) -> Result<Self, ChunkError> {
        // The reader's own error would quote what it read.
        serde_json::from_slice(&keyring.open_item(sealed)?).map_err(|_| ChunkError::Form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(tenant: &str) -> Keyring {
        Keyring::new(tenant.parse().unwrap(), [7; 32], [2; 32])
    }

    #[test]
    fn a_chunk_opens_only_for_its_tenant() {
        let row = Row {
            number: 1,
            line: 2,
            identities: vec![(Kind::Email, "ana@example.com".to_owned())],
            traits: Map::from_iter([("company".to_owned(), "Acme".into())]),
            status: Some(Status::Contacted),
            assigned_to: None,
        };
        let chunk = Chunk { rows: vec![row], invalid: 1, errors: Vec::new() };
        let sealed = chunk.seal(&keyring("acme")).unwrap();
        assert_eq!(Chunk::open(&sealed, &keyring("acme")).unwrap(), chunk);
        assert!(Chunk::open(&sealed, &keyring("other")).is_err());
        let other = keyring("acme").seal_item(b"{\"rows\": 1}").unwrap();
        assert!(!format!("{:?}", Chunk::open(&other, &keyring("acme"))).contains("rows"));
    }

    #[test]
    fn a_chunk_is_written_as_ever() {
        let text = r#"{"rows":[{"number":1,"line":2,"identities":[["external","leadline:1"]],"traits":{"plan":"pro"},"status":"new","assigned_to":"user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071"}],"invalid":1,"errors":[{"line":3,"column":1,"field":"email","code":"invalid_identity","message":"no"}]}"#;
        let chunk: Chunk = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&chunk).unwrap(), text);
    }
}
