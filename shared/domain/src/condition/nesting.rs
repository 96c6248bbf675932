//! How deep a condition nests, seen before it is parsed.
//!
//! Invariant: what passes here neither the parser nor the evaluator can overflow the stack with;
//! both recurse once per bracket and once per link of a chain such as `a.b.c` or `1 - 1 - 1`.

use super::{Finding, position};

/// How many brackets may be open at once.
const MAX_BRACKETS: usize = 16;

/// How many operators, selections and calls may apply to each other's results.
const MAX_LINKS: usize = 100;

/// Counts along the text: the links of each open bracket, and their sum.
struct Depth {
    open: Vec<usize>,
    links: usize,
    all: usize,
}

impl Depth {
    fn link(&mut self) {
        self.links += 1;
        self.all += 1;
    }

    /// Begins operands that do not depend on what is to their left.
    fn restart(&mut self) {
        self.all -= self.links;
        self.links = 0;
    }

    fn open(&mut self) {
        self.link();
        self.open.push(self.links);
        self.links = 0;
    }

    fn close(&mut self) {
        self.restart();
        self.links = self.open.pop().unwrap_or_default();
    }

    fn too_deep(&self) -> bool {
        self.open.len() > MAX_BRACKETS || self.all > MAX_LINKS
    }
}

/// Refuses a condition that nests too deep.
pub(super) fn check(source: &str) -> Result<(), Finding> {
    let mut depth = Depth { open: Vec::new(), links: 0, all: 0 };
    let mut rest = source;
    while let Some(token) = token(rest) {
        match token {
            "(" | "[" | "{" => depth.open(),
            ")" | "]" | "}" => depth.close(),
            "," | "&&" | "||" => depth.restart(),
            "." | "+" | "-" | "*" | "/" | "%" | "<" | ">" | "==" | "!" | "?" | ":" | "in" => {
                depth.link();
            }
            _ => {}
        }
        if depth.too_deep() {
            let (line, column) = position(source, source.len() - rest.len());
            return Err(Finding {
                code: "too_deep",
                message: format!(
                    "this nests too deep: at most {MAX_BRACKETS} open brackets and {MAX_LINKS} \
                     operators in a chain; split the condition into several rules"
                ),
                line,
                column,
            });
        }
        rest = rest.get(token.len()..).unwrap_or_default();
    }
    Ok(())
}

/// Returns the token that a text begins with: a literal, a word, a comment, an operator or one
/// character.
fn token(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    let length = if let Some(length) = string(text) {
        length
    } else if first.is_alphanumeric() || first == '_' {
        text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
    } else if text.starts_with("//") {
        text.find('\n').unwrap_or(text.len())
    } else if ["&&", "||", "=="].iter().any(|operator| text.starts_with(operator)) {
        2
    } else {
        first.len_utf8()
    };
    text.get(..length)
}

/// Returns the length of the string literal that a text begins with.
fn string(text: &str) -> Option<usize> {
    let prefix =
        text.find(|c| !matches!(c, 'r' | 'R' | 'b' | 'B')).filter(|length| *length <= 2)?;
    let (prefix, body) = text.split_at_checked(prefix)?;
    let raw = prefix.contains(['r', 'R']);
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| body.starts_with(*quote))?;
    let mut at = quote.len();
    loop {
        let rest = body.get(at..)?;
        let next = rest.chars().next();
        at += match next {
            None => break,
            Some('\\') if !raw => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            Some(_) if rest.starts_with(quote) => {
                at += quote.len();
                break;
            }
            Some('\n' | '\r') if quote.len() == 1 => break,
            Some(other) => other.len_utf8(),
        };
    }
    Some(prefix.len() + at)
}
