//! Logging: one JSON object a line on standard error, which Lambda collects.
//!
//! Invariant: a log line has ids, codes and counts. Bodies, credentials and personal values stay
//! out of it; no layer here could take them out again.

use std::error::Error;

use tracing_subscriber::{
    Layer, filter::Targets, layer::SubscriberExt, registry, util::SubscriberInitExt,
};

/// Starts logging at the level that `RUST_LOG` tells, such as `info` or `warn,ingest=debug`.
///
/// Without the variable, and with one that cannot be read, the level is `info`. A second call
/// changes nothing.
pub fn init() {
    let targets = std::env::var("RUST_LOG")
        .ok()
        .and_then(|text| text.parse::<Targets>().ok())
        .unwrap_or_else(|| Targets::new().with_default(tracing::Level::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_ansi(false)
        .with_writer(std::io::stderr);
    // It fails only where somebody listens already, as in tests.
    let _ = registry().with(lines.with_filter(targets)).try_init();
}

/// Writes an error with all that caused it, for a log line.
///
/// Of JSON that could not be read only the place is told: what is wrong with a value may repeat it.
pub fn told(error: &(dyn Error + 'static)) -> String {
    let text = match error.downcast_ref::<serde_json::Error>() {
        Some(json) => format!("not as expected in line {}, column {}", json.line(), json.column()),
        None => error.to_string(),
    };
    match error.source() {
        Some(cause) => format!("{text}: {}", told(cause)),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("a message is malformed")]
    struct Malformed(#[source] serde_json::Error);

    #[test]
    fn an_error_is_told_with_its_cause_and_without_a_value() {
        let cause = serde_json::from_str::<u32>("\n\"ana@example.com\"").unwrap_err();
        assert!(cause.to_string().contains("ana@example.com"));
        let line = "a message is malformed: not as expected in line 2, column 17";
        assert_eq!(told(&Malformed(cause)), line);
    }
}
