//! The messages of the job queue and of the bulk queue: a job's work, in parts that fit an
//! invocation.
//!
//! Invariant: a message names its tenant, its job and a part of it, and nothing else. Received
//! twice, it costs the time to find that its part is done.

use domain::{job::JobId, tenant::TenantId};
use serde::{Deserialize, Serialize};

/// One part of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobMessage {
    /// Whose job it is.
    pub tenant: TenantId,
    /// The job.
    pub job: JobId,
    /// What is to be done.
    pub part: JobPart,
}

/// What is to be done of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobPart {
    /// Queue what is not done of it. It is sent before the job is made, so that no job is ever
    /// without it; one that was not made is looked for once more, and then forgotten.
    Plan {
        /// Whether the job was looked for before.
        again: bool,
    },
    /// Work one segment in a pass.
    Segment {
        /// The pass, counted from 1.
        pass: u32,
        /// The segment, counted from 0.
        segment: u32,
    },
    /// Do what follows the last segment of a pass.
    Close {
        /// The pass, counted from 1.
        pass: u32,
    },
    /// Begin the last pass when its time has come.
    Settle,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_written_and_read_as_ever() {
        for (part, written) in [
            (JobPart::Plan { again: false }, r#"{"plan":{"again":false}}"#),
            (JobPart::Segment { pass: 1, segment: 7 }, r#"{"segment":{"pass":1,"segment":7}}"#),
            (JobPart::Close { pass: 2 }, r#"{"close":{"pass":2}}"#),
            (JobPart::Settle, r#""settle""#),
        ] {
            let job: JobId = "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap();
            let message = JobMessage { tenant: "acme".parse().unwrap(), job, part };
            let text = format!(
                r#"{{"tenant":"acme","job":"job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071","part":{written}}}"#
            );
            assert_eq!(serde_json::to_string(&message).unwrap(), text);
            assert_eq!(serde_json::from_str::<JobMessage>(&text).unwrap(), message);
        }
    }
}
