//! Logging: one JSON object a line on standard error, which Lambda collects.
//!
//! Invariant: a log line has ids, codes and counts. Bodies, credentials and personal values stay
//! out of it; no layer here could take them out again.

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
