//! Tells whether anything changed that a build depends on: one hash over the
//! template, the functions and crates, the manifests, the tools and the
//! architecture.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

const PARTS: [&str; 6] =
    [".cargo/config.toml", "Cargo.lock", "Cargo.toml", "functions", "shared", "template.yaml"];

/// Hash of everything below `root` that functions are made from, and `rest`.
pub fn sources(root: &Path, rest: &[&str]) -> Result<String> {
    let mut files = Vec::new();
    for part in PARTS {
        collect(&root.join(part), &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in &files {
        let bytes =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy();
        field(&mut hash, name.as_bytes());
        field(&mut hash, &bytes);
    }
    for text in rest {
        field(&mut hash, text.as_bytes());
    }
    Ok(HEXLOWER.encode(&hash.finalize()))
}

/// Hash of a list of texts.
pub fn digest(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        field(&mut hash, text.as_bytes());
    }
    HEXLOWER.encode(&hash.finalize())
}

// The length first, so that no two lists of fields give the same bytes.
fn field(hash: &mut Sha256, bytes: &[u8]) {
    hash.update(bytes.len().to_le_bytes());
    hash.update(bytes);
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
    } else if path.is_dir() {
        let entries =
            std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
        for entry in entries {
            let path = entry?.path();
            let hidden =
                path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if !hidden {
                collect(&path, files)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_and_a_changed_setting_change_the_hash() {
        let root = std::env::temp_dir().join(format!("stack-sources-{}", std::process::id()));
        std::fs::create_dir_all(root.join("functions/ingest")).unwrap();
        let file = root.join("functions/ingest/main.rs");
        std::fs::write(&file, "fn main() {}").unwrap();
        let before = sources(&root, &["arm64"]).unwrap();
        assert_eq!(sources(&root, &["arm64"]).unwrap(), before);
        assert_ne!(sources(&root, &["x86_64"]).unwrap(), before);
        std::fs::write(root.join("functions/.swap"), "x").unwrap();
        assert_eq!(sources(&root, &["arm64"]).unwrap(), before);
        std::fs::write(&file, "fn main() { }").unwrap();
        assert_ne!(sources(&root, &["arm64"]).unwrap(), before);
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }
}
