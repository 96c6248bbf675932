//! What `up` remembers about a stack between runs. Holds API keys, so that only
//! the owner can read the file.

use std::fs::{OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// State of one local stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// Port of the HTTP API.
    pub port: Option<u16>,
    /// Port of the emulator.
    pub emulator_port: Option<u16>,
    /// Fingerprint of the sources that are deployed.
    pub deployed: Option<String>,
    /// Keys of the tenant `demo`, which cannot be asked for again.
    pub keys: Option<Keys>,
    /// Whether the demo history was sent and scored.
    pub demo: bool,
}

/// API keys of the tenant `demo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    pub ingest: String,
    pub admin: String,
}

impl Record {
    /// Reads the record, empty if there is none.
    pub fn load(path: &Path) -> Result<Self> {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
                format!("{} is not readable; run: cargo stack up --fresh", path.display())
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Replaces the record in one step.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_private(path, &serde_json::to_vec_pretty(self)?)
    }
}

/// Writes a file that only its owner can read, whole or not at all.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let new = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&new).with_context(|| format!("cannot write {}", new.display()))?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    std::fs::rename(&new, path).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_private_and_comes_back() {
        let path = std::env::temp_dir().join(format!("stack-record-{}.json", std::process::id()));
        assert_eq!(Record::load(&path).unwrap(), Record::default());
        let keys = Keys { ingest: "llk_a".into(), admin: "llk_b".into() };
        let record = Record { port: Some(3000), keys: Some(keys), ..Record::default() };
        record.save(&path).unwrap();
        assert_eq!(Record::load(&path).unwrap(), record);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_record_of_an_older_version_still_reads() {
        let record: Record = serde_json::from_str(r#"{"port":3000,"gone":1}"#).unwrap();
        assert_eq!(record.port, Some(3000));
    }
}
