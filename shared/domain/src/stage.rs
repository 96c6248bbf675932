//! The stage of a lead, read off the score it shows.

use serde::{Deserialize, Serialize};

/// How far a lead has come, from the score shown by the rule set's thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Below the warm threshold.
    Cold,
    /// From the warm threshold.
    Warm,
    /// From the hot threshold.
    Hot,
    /// From the qualified threshold.
    Qualified,
}

impl Stage {
    /// Every stage, lowest first.
    pub const ALL: [Self; 4] = [Self::Cold, Self::Warm, Self::Hot, Self::Qualified];

    /// Returns the stage's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
            Self::Hot => "hot",
            Self::Qualified => "qualified",
        }
    }
}

/// Says that a text names no stage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stage is one of cold, warm, hot, qualified")]
pub struct UnknownStage;

impl std::str::FromStr for Stage {
    type Err = UnknownStage;

    fn from_str(text: &str) -> Result<Self, UnknownStage> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text).ok_or(UnknownStage)
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The lowest score shown of each stage above `cold`, which begins at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Where `warm` begins.
    pub warm: i64,
    /// Where `hot` begins.
    pub hot: i64,
    /// Where `qualified` begins.
    pub qualified: i64,
}

impl Thresholds {
    /// Returns the score from which a stage is shown.
    pub const fn from(&self, stage: Stage) -> i64 {
        match stage {
            Stage::Cold => 0,
            Stage::Warm => self.warm,
            Stage::Hot => self.hot,
            Stage::Qualified => self.qualified,
        }
    }

    /// Returns the stage of a score shown.
    pub const fn stage(&self, score: i64) -> Stage {
        if score >= self.qualified {
            Stage::Qualified
        } else if score >= self.hot {
            Stage::Hot
        } else if score >= self.warm {
            Stage::Warm
        } else {
            Stage::Cold
        }
    }
}
