//! Query strings: every parameter is known, given once and valid, or the request is refused.
//!
//! Invariant: all that is wrong is told at once, parameter by parameter, and no value is repeated:
//! an identity is personal.

use std::{fmt::Display, str::FromStr};

use lambda::problem::{FieldError, Problem};

/// A query string on its way to being understood.
pub struct Query {
    given: Vec<(&'static str, String)>,
    errors: Vec<FieldError>,
}

impl Query {
    /// Splits a query string into the parameters that a route knows.
    pub fn parse(raw: Option<&str>, known: &[&'static str]) -> Self {
        Self::parse_repeating(raw, known, &[])
    }

    /// Splits a query string into the parameters that a route knows, of which some may be given
    /// more than once.
    pub fn parse_repeating(
        raw: Option<&str>,
        known: &[&'static str],
        repeated: &[&'static str],
    ) -> Self {
        let mut query = Self { given: Vec::new(), errors: Vec::new() };
        for (name, value) in raw.unwrap_or_default().split('&').filter_map(decode) {
            let Some(name) = known.iter().find(|known| **known == name) else {
                // Not even the name is repeated: it may be a value that lost its name.
                let message = format!("known parameters are {}", known.join(", "));
                query.refuse("query", "unknown_parameter", message);
                continue;
            };
            if *name == "cursor" && value.is_empty() {
                // What a first page is asked for with.
                continue;
            }
            let is_given = query.given.iter().any(|(given, _)| given == name);
            if is_given && !repeated.contains(name) {
                query.refuse(name, "repeated_parameter", format!("{name} is given twice"));
            } else {
                query.given.push((name, value));
            }
        }
        query
    }

    /// Takes a parameter as it is.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        let index = self.given.iter().position(|(given, _)| *given == name)?;
        Some(self.given.swap_remove(index).1)
    }

    /// Takes all values of a parameter that may be given more than once, in order.
    pub fn all(&mut self, name: &'static str) -> Vec<String> {
        let given = self.given.extract_if(.., |(given, _)| *given == name);
        given.map(|(_, value)| value).collect()
    }

    /// Takes a parameter that has the form of a `T`.
    pub fn parsed<T>(&mut self, name: &'static str) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        self.read(name, str::parse)
    }

    /// Takes a parameter that is read by a function of its type.
    pub fn read<T, E: Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match read(&self.text(name)?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(name, "invalid_value", error.to_string());
                None
            }
        }
    }

    /// Takes a parameter that is `true` or `false`.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        let flag = self.text(name)?.parse().ok();
        if flag.is_none() {
            self.refuse(name, "invalid_value", format!("{name} is true or false"));
        }
        flag
    }

    /// Takes `limit`, from 1 to `max`.
    pub fn limit(&mut self, default: u16, max: u16) -> u16 {
        let Some(text) = self.text("limit") else { return default };
        match text.parse() {
            Ok(limit) if (1..=max).contains(&limit) => limit,
            _ => {
                let message = format!("limit is a whole number from 1 to {max}");
                self.refuse("limit", "out_of_range", message);
                default
            }
        }
    }

    /// Notes that something is wrong with a parameter.
    pub fn refuse(&mut self, name: &'static str, code: &'static str, message: String) {
        self.errors.push(FieldError::new(name, code, message));
    }

    /// Returns the parameters that nobody has taken yet.
    pub fn rest(&self) -> Vec<&'static str> {
        self.given.iter().map(|(name, _)| *name).collect()
    }

    /// Answers 400 if anything was wrong.
    pub fn finish(self) -> Result<(), Problem> {
        let Some(first) = self.errors.first() else { return Ok(()) };
        let message = format!("the query cannot be understood: {}", first.message);
        let problem = Problem::bad_request("invalid_query", message);
        let with = |problem: Problem, error: FieldError| {
            problem.with_error(error.field, error.code, error.message)
        };
        Err(self.errors.into_iter().fold(problem, with))
    }
}

/// Reads one `name=value`. In an email or phone a `+` stands for itself: neither holds a space,
/// and people paste them as they are.
fn decode(pair: &str) -> Option<(String, String)> {
    let literal = ["email=", "phone="].iter().any(|name| pair.starts_with(name));
    let pair = if literal { pair.replace('+', "%2B") } else { pair.to_owned() };
    let decoded = form_urlencoded::parse(pair.as_bytes()).next();
    decoded.map(|(name, value)| (name.into_owned(), value.into_owned()))
}

#[cfg(test)]
mod tests {
    use domain::stage::Stage;

    use super::*;

    const KNOWN: &[&str] = &["stage", "known", "limit", "phone"];

    fn errors(raw: &str) -> Vec<(String, &'static str)> {
        let mut query = Query::parse(Some(raw), KNOWN);
        query.parsed::<Stage>("stage");
        query.flag("known");
        query.limit(50, 250);
        query.errors.iter().map(|error| (error.field.clone(), error.code)).collect()
    }

    #[test]
    fn a_good_query_is_understood() {
        let mut query = Query::parse(Some("stage=hot&known=false&limit=250&phone=+55%2011"), KNOWN);
        assert_eq!(query.parsed("stage"), Some(Stage::Hot));
        assert_eq!(query.flag("known"), Some(false));
        assert_eq!(query.limit(50, 250), 250);
        assert_eq!(query.text("phone").as_deref(), Some("+55 11"));
        assert!(query.finish().is_ok());
        assert_eq!(Query::parse(None, KNOWN).limit(50, 250), 50);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        assert_eq!(
            errors("stage=boiling&known=maybe&limit=0&other=x&stage=hot"),
            [
                ("query".to_owned(), "unknown_parameter"),
                ("stage".to_owned(), "repeated_parameter"),
                ("stage".to_owned(), "invalid_value"),
                ("known".to_owned(), "invalid_value"),
                ("limit".to_owned(), "out_of_range"),
            ]
        );
        assert_eq!(errors("limit=251"), [("limit".to_owned(), "out_of_range")]);
    }

    #[test]
    fn no_value_is_repeated() {
        let mut query = Query::parse(Some("limit=ana@example.com&ana@example.com"), KNOWN);
        query.limit(50, 250);
        let problem = query.finish().unwrap_err();
        assert!(!format!("{problem:?}").contains("ana@"), "{problem:?}");
    }
}
