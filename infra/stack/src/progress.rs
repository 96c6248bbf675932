//! Shows what takes long and for how long, on standard error: one line that
//! counts on a terminal, plain lines elsewhere. Results go to standard output.

use std::future::Future;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::Result;

const TERMINAL_TICK: Duration = Duration::from_millis(500);
const PLAIN_TICK: Duration = Duration::from_secs(20);

/// Runs one step and reports it.
pub async fn step<T>(label: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    step_in_parts(label, String::new, work).await
}

/// Runs one step and reports it, with the part of it that is at work.
pub async fn step_in_parts<T>(
    label: &str,
    part: impl Fn() -> String,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let started = Instant::now();
    let terminal = std::io::stderr().is_terminal();
    if !terminal {
        eprintln!("{label} ...");
    }
    let mut work = std::pin::pin!(work);
    let mut tick = tokio::time::interval(if terminal { TERMINAL_TICK } else { PLAIN_TICK });
    tick.tick().await;
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            _ = tick.tick() => {
                let (part, elapsed) = (part(), seconds(started.elapsed()));
                if terminal {
                    eprint!("\r\x1b[2K  {label} ... {part}{elapsed}");
                } else {
                    eprintln!("{label} ... {part}{elapsed}");
                }
            }
        }
    };
    let elapsed = seconds(started.elapsed());
    let end = if result.is_ok() { "done in" } else { "failed after" };
    if terminal {
        eprintln!("\r\x1b[2K  {label}: {end} {elapsed}");
    } else {
        eprintln!("{label}: {end} {elapsed}");
    }
    result
}

/// Formats a duration for people.
pub fn seconds(elapsed: Duration) -> String {
    let whole = elapsed.as_secs();
    if whole >= 60 {
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        format!("{:.1} s", elapsed.as_secs_f32())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elapsed_time_is_readable() {
        assert_eq!(seconds(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 05 s");
    }
}
