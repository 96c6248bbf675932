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

/// A sort of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileSort {
    /// What imports are to bring in.
    Imports,
    /// What exports wrote.
    Exports,
}

impl FileSort {
    /// Returns what the keys of such files of a tenant begin with.
    pub(crate) fn prefix(self, tenant: &TenantId) -> String {
        match self {
            Self::Imports => format!("imports/{tenant}/"),
            Self::Exports => format!("exports/{tenant}/"),
        }
    }
}

impl FileKey {
    /// Takes a key that a bucket has.
    pub(crate) const fn listed(key: String) -> Self {
        Self(key)
    }

    /// Tells whether it is a file of a sort that a tenant has.
    pub fn is_of(&self, sort: FileSort, tenant: &TenantId) -> bool {
        self.0.starts_with(&sort.prefix(tenant))
    }

    /// Returns the job whose file it is.
    pub fn job(&self) -> Option<JobId> {
        self.0.split('/').nth(2)?.parse().ok()
    }

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
        assert_eq!(FileKey::import(&acme, &job, 7).job(), Some(job.clone()));
        assert_eq!(job.instant().unwrap().to_string(), "2025-10-22T09:24:52.702Z");
        let part = FileKey::export(&acme, &job, "00003-0-ab/../x");
        assert!(part.is_of(FileSort::Exports, &acme) && !part.is_of(FileSort::Imports, &acme));
        assert!(!part.is_of(FileSort::Exports, &"acm".parse().unwrap()));
        assert_eq!(part.as_str(), format!("exports/acme/{job}/00003-0-abx"));
    }
}
