//! Where a file lies: the only place where a key of the bucket is built.
//!
//! | key | file | written by | read by |
//! | --- | --- | --- | --- |
//! | `imports/<tenant>/<job>/<chunk>` | rows that an import is to bring in | api | bulk |
//! | `exports/<tenant>/<job>/<part>` | leads as CSV lines | bulk | api |
//!
//! A tenant id and a job id hold no `/`, so no key of one tenant begins like one of another.

use std::fmt;

use domain::{job::JobId, tenant::TenantId};

/// Names one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileKey(String);

impl FileKey {
    /// The rows of an import, chunk by chunk, counted from 0.
    pub fn import(tenant: &TenantId, job: &JobId, chunk: u32) -> Self {
        Self(format!("imports/{tenant}/{job}/{chunk:05}"))
    }

    /// A part of an export, by the name that its job noted.
    ///
    /// Characters that have a meaning in a key are taken out of the name.
    pub fn export(tenant: &TenantId, job: &JobId, part: &str) -> Self {
        let part: String =
            part.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        Self(format!("exports/{tenant}/{job}/{part}"))
    }

    /// Returns the key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_what_it_is_for_and_whose_it_is() {
        let (acme, job) = (
            "acme".parse::<TenantId>().unwrap(),
            "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse::<JobId>().unwrap(),
        );
        assert_eq!(FileKey::import(&acme, &job, 7).as_str(), format!("imports/acme/{job}/00007"));
        let part = FileKey::export(&acme, &job, "00003-0-ab/../x");
        assert_eq!(part.as_str(), format!("exports/acme/{job}/00003-0-abx"));
    }
}
