//! Prints what the functions wrote to their log groups, oldest first.

use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{DateTime, SecondsFormat};

use crate::functions::{FUNCTIONS, known, running};
use crate::workspace::StackPlace;

const POLL: Duration = Duration::from_secs(1);

/// Prints the log of one function or of all.
pub async fn logs(place: &StackPlace, function: Option<&str>, follow: bool) -> Result<()> {
    let mut sources: Vec<Source> = match function {
        Some(name) => vec![Source::new(place, known(name)?.0)],
        None => FUNCTIONS.iter().map(|(name, _)| Source::new(place, name)).collect(),
    };
    let (emulator, _) = running(place).await?;
    loop {
        let mut lines = Vec::new();
        for source in &mut sources {
            let events = emulator.log_events(&source.group, source.newest).await;
            let events =
                events.with_context(|| format!("cannot read the log of {}", source.name))?;
            for (time, message) in source.unseen(events) {
                lines.push((time, source.name, message));
            }
        }
        lines.sort_by_key(|(time, ..)| *time);
        for (time, name, message) in lines.iter().filter(|(.., message)| !is_platform(message)) {
            println!("{} {name:9} {message}", clock(*time));
        }
        if !follow {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// One log group and how far it was printed.
struct Source {
    name: &'static str,
    group: String,
    newest: i64,
    /// How many events of the newest millisecond were printed.
    at_newest: usize,
}

impl Source {
    fn new(place: &StackPlace, name: &'static str) -> Self {
        let group = format!("/aws/lambda/{}-{name}", place.name().as_str());
        Self { name, group, newest: 0, at_newest: 0 }
    }

    /// The events after those already seen; `events` begins at `newest`.
    fn unseen(&mut self, mut events: Vec<(i64, String)>) -> Vec<(i64, String)> {
        events.sort_by_key(|(time, _)| *time);
        let fresh = events.split_off(self.at_newest.min(events.len()));
        if let Some(&(last, _)) = fresh.last() {
            let before = if last == self.newest { self.at_newest } else { 0 };
            self.at_newest = before + fresh.iter().filter(|(time, _)| *time == last).count();
            self.newest = last;
        }
        fresh
    }
}

/// Lines that the platform adds around every invocation.
fn is_platform(message: &str) -> bool {
    ["START RequestId", "END RequestId", "REPORT RequestId"]
        .iter()
        .any(|prefix| message.starts_with(prefix))
}

fn clock(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_printed_twice_or_lost_within_a_millisecond() {
        let mut source = Source { name: "score", group: String::new(), newest: 0, at_newest: 0 };
        let event = |time, text: &str| (time, text.to_owned());
        let first = source.unseen(vec![event(1, "a"), event(2, "b")]);
        assert_eq!(first.len(), 2);
        let second = source.unseen(vec![event(2, "b"), event(2, "c"), event(3, "d")]);
        assert_eq!(second, [event(2, "c"), event(3, "d")]);
        assert!(source.unseen(vec![event(3, "d")]).is_empty());
        assert_eq!(source.unseen(vec![event(3, "d"), event(3, "e")]), [event(3, "e")]);
    }
}
