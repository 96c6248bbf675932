//! The mails of the local stack. Nobody receives them; whoever runs the stack
//! reads them here.

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};

use crate::aws::Mail;
use crate::functions::running;
use crate::workspace::StackPlace;

/// How many mails are shown at most.
const SHOWN: usize = 10;

/// Prints the last mails, or the code of the last one.
pub async fn mail(place: &StackPlace, address: Option<&str>, code: bool) -> Result<()> {
    let (emulator, _) = running(place).await?;
    let mails = to(emulator.mails().await?, address);
    let Some(last) = mails.last() else {
        bail!("there is no mail{}", address.map(|to| format!(" to {to}")).unwrap_or_default());
    };
    if code {
        println!("{}", last_word(last).context("the last mail has no code")?);
        return Ok(());
    }
    let first = mails.len().saturating_sub(SHOWN);
    for mail in mails.iter().skip(first) {
        print!("{}", shown(mail));
    }
    Ok(())
}

fn to(mails: Vec<Mail>, address: Option<&str>) -> Vec<Mail> {
    let is_to = |mail: &Mail| {
        address.is_none_or(|wanted| mail.to.iter().any(|to| to.eq_ignore_ascii_case(wanted)))
    };
    mails.into_iter().filter(is_to).collect()
}

/// Every mail of the template ends with its code.
fn last_word(mail: &Mail) -> Option<&str> {
    mail.body_text.split_whitespace().last()
}

fn shown(mail: &Mail) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds are enough")]
    let seconds = mail.timestamp as i64;
    let at = DateTime::<Utc>::from_timestamp(seconds, 0).unwrap_or_default();
    let mut text = format!("{}  to {}\n", at.format("%H:%M:%S"), mail.to.join(", "));
    for line in std::iter::once(mail.subject.as_str()).chain(mail.body_text.lines()) {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  {line}");
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(to: &str, code: &str) -> Mail {
        Mail {
            to: vec![to.to_owned()],
            subject: "Your code".to_owned(),
            body_text: format!("Your code for Leadline is {code}"),
            timestamp: 1_795_249_976.5,
        }
    }

    #[test]
    fn the_last_mail_to_an_address_has_the_code() {
        let mails = vec![
            mail("ana@example.com", "1"),
            mail("bo@example.com", "2"),
            mail("Ana@example.com", "3"),
        ];
        let to_ana = to(mails, Some("ana@example.com"));
        assert_eq!(to_ana.len(), 2);
        assert_eq!(last_word(to_ana.last().unwrap()), Some("3"));
    }

    #[test]
    fn a_mail_is_shown_with_whom_it_is_to() {
        let shown = shown(&mail("ana@example.com", "482915"));
        assert!(shown.contains("08:32:56  to ana@example.com\n  Your code\n"), "{shown}");
        assert!(shown.ends_with("is 482915\n\n"), "{shown}");
    }
}
