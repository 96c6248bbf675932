//! Answers and headers that many operations have in common.
//!
//! Invariant: every answer from 400 on is a problem document, with an example for each `code` that
//! its description names.

use axum::http::StatusCode;
use lambda::problem;
use serde_json::{Value, json};
use utoipa::openapi::{
    Components, Content, ContentBuilder, Object, ObjectBuilder, Ref, RefOr, Response,
    ResponseBuilder, Type,
    example::ExampleBuilder,
    header::{Header, HeaderBuilder},
    path::Operation,
};

/// The headers of an answer that was counted.
const LIMITED: [&str; 3] = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

const UNAUTHORIZED: &str = "Unauthorized";
const FORBIDDEN: &str = "Forbidden";
const RATE_LIMITED: &str = "RateLimited";
const INTERNAL_ERROR: &str = "InternalError";
const UNAVAILABLE: &str = "Unavailable";

/// Adds the answers and headers that operations refer to.
pub fn define(components: &mut Components) {
    for (name, header) in [
        ("ETag", text("The revision of what is shown, for `If-Match`.")),
        ("Location", text("Where it is.")),
        ("Idempotent-Replayed", text("`true` on an answer that an earlier request had.")),
        ("Retry-After", number("After how many seconds the same request may succeed.")),
        (
            "RateLimit-Limit",
            number(
                "How many requests the caller may make in a minute. On every answer to a known caller.",
            ),
        ),
        ("RateLimit-Remaining", number("How many of them are left, as far as is known.")),
        ("RateLimit-Reset", number("In how many seconds the minute ends.")),
        ("WWW-Authenticate", text("How to say who is calling.")),
    ] {
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
    for (name, status, description, headers) in [
        (
            UNAUTHORIZED,
            401,
            "Nobody is known by the credential: `missing_credentials`, `invalid_api_key` or `invalid_token`.",
            &["WWW-Authenticate"][..],
        ),
        (
            FORBIDDEN,
            403,
            "The caller is known and may not: `missing_scope`, `missing_permission` or `no_membership`.",
            &[],
        ),
        (
            RATE_LIMITED,
            429,
            "The caller has made the requests of this minute: `rate_limited`.",
            &["Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"],
        ),
        (INTERNAL_ERROR, 500, "Something is wrong on our side: `internal_error`.", &[]),
        (
            UNAVAILABLE,
            503,
            "The same request may succeed later: `temporarily_unavailable`, `queue_unavailable` or `auth_unavailable`.",
            &["Retry-After"],
        ),
    ] {
        let response = refusal(status, description);
        let with =
            |response: ResponseBuilder, name: &&str| response.header_ref(*name, header(name));
        let response = headers.iter().fold(ResponseBuilder::from(response), with).build();
        components.responses.insert(name.to_owned(), RefOr::T(response));
    }
}

/// Adds what happens to a caller who is not known, may not, or asks too often.
pub fn refuse_callers(operation: &mut Operation) {
    for (status, name) in [(401, UNAUTHORIZED), (403, FORBIDDEN), (429, RATE_LIMITED)] {
        refer(operation, status, name);
    }
}

/// Adds what may happen to any request that reaches a table.
pub fn fail(operation: &mut Operation) {
    refer(operation, 500, INTERNAL_ERROR);
    refer(operation, 503, UNAVAILABLE);
}

/// Refuses with a status, beside what the handler's own description may name already.
pub fn refuse(operation: &mut Operation, status: u16, description: &str) {
    let answers = &mut operation.responses.responses;
    let own = match answers.get(&status.to_string()) {
        Some(RefOr::T(own)) if !own.description.contains(description) => {
            format!("{} {description}", own.description)
        }
        Some(RefOr::T(own)) => own.description.clone(),
        _ => description.to_owned(),
    };
    answers.insert(status.to_string(), RefOr::T(refusal(status, &own)));
}

/// Refuses with a status, unless the handler says so itself.
pub fn refuse_at_least(operation: &mut Operation, status: u16, description: &str) {
    if !operation.responses.responses.contains_key(&status.to_string()) {
        refuse(operation, status, description);
    }
}

/// Makes a problem document of every refusal that a handler describes by words alone, with the
/// headers that the words name.
pub fn complete(operation: &mut Operation) {
    for (status, answer) in &mut operation.responses.responses {
        let status = status.parse().unwrap_or(0);
        let RefOr::T(own) = answer else { continue };
        if status < 400 {
            continue;
        }
        let mut made = refusal(status, &own.description);
        std::mem::swap(&mut made.headers, &mut own.headers);
        for name in ["Location", "Retry-After"] {
            if made.description.contains(&format!("`{name}`")) {
                let header = RefOr::Ref(header(name));
                made.headers.entry(name.to_owned()).or_insert(header);
            }
        }
        *own = made;
    }
}

/// Adds a header to every success of an operation.
pub fn add_header(operation: &mut Operation, name: &str) {
    for (_, answer) in successes(operation) {
        answer.headers.entry(name.to_owned()).or_insert_with(|| RefOr::Ref(header(name)));
    }
}

/// Says of every success how the caller stands in this minute.
pub fn limit(operation: &mut Operation) {
    for name in LIMITED {
        add_header(operation, name);
    }
}

/// Iterates over the answers below 300.
pub fn successes(operation: &mut Operation) -> impl Iterator<Item = (&String, &mut Response)> {
    operation.responses.responses.iter_mut().filter_map(|(status, answer)| match answer {
        RefOr::T(answer) if status.starts_with('2') => Some((status, answer)),
        _ => None,
    })
}

fn refer(operation: &mut Operation, status: u16, name: &str) {
    let answer = Ref::new(format!("#/components/responses/{name}"));
    // What a handler says of its own refusal stays.
    operation.responses.responses.entry(status.to_string()).or_insert(RefOr::Ref(answer));
}

fn header(name: &str) -> Ref {
    Ref::new(format!("#/components/headers/{name}"))
}

fn refusal(status: u16, description: &str) -> Response {
    ResponseBuilder::new()
        .description(description)
        .content(problem::CONTENT_TYPE, problem_document(status, description))
        .build()
}

/// Makes the content of a problem, with an example for each code of its description.
fn problem_document(status: u16, description: &str) -> Content {
    let examples = codes(description).map(|code| {
        let example = ExampleBuilder::new().value(Some(example(status, code, description)));
        (code, example.build())
    });
    ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("ProblemDocument")))
        .examples_from_iter(examples)
        .build()
}

fn example(status: u16, code: &str, description: &str) -> Value {
    let message = message(code, description);
    let title = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    json!({
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": message,
        "code": code,
        "message": message,
    })
}

/// Finds what a description says of a code: what stands before it in its sentence.
fn message<'d>(code: &str, description: &'d str) -> &'d str {
    let quoted = format!("`{code}`");
    let clauses = description.split(". ").flat_map(|sentence| sentence.split("; "));
    let clause = clauses.into_iter().find(|clause| clause.contains(&quoted));
    let clause = clause.unwrap_or(description);
    clause.split(": `").next().unwrap_or(clause).trim_start_matches("or ")
}

/// Finds the codes that a description names: words in backticks after `:`, `,` or `or`.
pub fn codes(description: &str) -> impl Iterator<Item = &str> {
    let parts: Vec<_> = description.split('`').collect();
    let pairs: Vec<_> = parts
        .chunks_exact(2)
        .filter_map(|pair| match pair {
            [before, code] => Some((*before, *code)),
            _ => None,
        })
        .collect();
    pairs.into_iter().filter_map(|(before, code)| {
        let introduces = [": ", ", ", " or "].iter().any(|end| before.ends_with(end));
        let is_word = code.contains('_')
            && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        (introduces && is_word).then_some(code)
    })
}

fn text(description: &str) -> Header {
    described(Type::String, description)
}

fn number(description: &str) -> Header {
    described(Type::Integer, description)
}

fn described(kind: Type, description: &str) -> Header {
    let schema: Object = ObjectBuilder::new().schema_type(kind).build();
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_from_other_words() {
        let description = "The set is not sound: `invalid_rule_set`, with its `lead_ids`, \
                           `nothing_left` or `family_too_large`; see `If-Match`, `code`.";
        let found: Vec<_> = codes(description).collect();
        assert_eq!(found, ["invalid_rule_set", "nothing_left", "family_too_large"]);
    }

    #[test]
    fn an_example_says_what_its_code_is_for() {
        let description = "The id is taken: `rule_exists`; or there are 200: `too_many`. Others \
                           change it: `a_b` or `c_d`.";
        for (code, expected) in [
            ("rule_exists", "The id is taken"),
            ("too_many", "there are 200"),
            ("a_b", "Others change it"),
            ("c_d", "Others change it"),
        ] {
            assert_eq!(message(code, description), expected);
        }
    }
}
