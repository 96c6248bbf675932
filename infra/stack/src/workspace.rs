//! Where things are. Everything this crate writes is under `target/stack`:
//! `.tools` and `.build` are shared by all stacks, each stack has a directory
//! of its own name (names never begin with a dot).

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Result, ensure};

/// The repository.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Finds the repository that this program was built from.
    pub fn locate() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
        Self { root: root.unwrap_or_else(|| Path::new(".")).to_owned() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Python environments.
    pub fn tools(&self) -> PathBuf {
        self.stacks().join(".tools")
    }

    /// What `sam build` made.
    pub fn build(&self) -> PathBuf {
        self.stacks().join(".build")
    }

    /// The directory of one local stack.
    pub fn stack(&self, name: StackName) -> StackPlace {
        StackPlace { root: self.stacks().join(name.as_str()), name }
    }

    fn stacks(&self) -> PathBuf {
        self.root.join("target/stack")
    }
}

/// The files of one local stack.
#[derive(Debug)]
pub struct StackPlace {
    name: StackName,
    root: PathBuf,
}

impl StackPlace {
    pub fn name(&self) -> &StackName {
        &self.name
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Held by the supervisor as long as it lives; contains its process id.
    pub fn supervisor_lock(&self) -> PathBuf {
        self.root.join("supervisor.lock")
    }

    /// Held while an `up` prepares this stack.
    pub fn up_lock(&self) -> PathBuf {
        self.root.join("up.lock")
    }

    /// Id of the deployed HTTP API, read by the proxy.
    pub fn api_id(&self) -> PathBuf {
        self.root.join("api-id")
    }

    /// What `up` remembers, keys included.
    pub fn record(&self) -> PathBuf {
        self.root.join("stack.json")
    }

    /// Everything the emulator stores.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Log file of one step.
    pub fn log(&self, what: &str) -> PathBuf {
        self.root.join(format!("{what}.log"))
    }
}

/// Name of a local stack, good as a directory, a `CloudFormation` stack and the
/// beginning of a queue name: a letter, then at most 39 of `a-z0-9-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackName(String);

impl StackName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StackName {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        ensure!(
            name.len() <= 40
                && name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(letters),
            "must be a letter and then up to 39 of a-z, 0-9 and -"
        );
        Ok(Self(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_their_directory() {
        for name in ["", ".tools", "a/b", "A", "1", "-a", &"a".repeat(41)] {
            assert!(name.parse::<StackName>().is_err(), "{name:?}");
        }
        for name in ["leadline", "test-1", &"a".repeat(40)] {
            assert!(name.parse::<StackName>().is_ok(), "{name:?}");
        }
    }

    #[test]
    fn the_repository_is_found() {
        assert!(Workspace::locate().root().join("template.yaml").is_file());
    }
}
