//! Who may call an operation, as the OpenAPI document says it.
//!
//! Invariant: what is said of roles and scopes is asked of the domain, which decides it.

use domain::{api_key::Scope, permission::Permission, user::Role};
use utoipa::openapi::{
    Components,
    path::Operation,
    security::{
        ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
    },
};

const BASIC: &str = "basic";
const BEARER: &str = "bearer";
const HEADER: &str = "api_key";
const SESSION: &str = "session";

/// Adds the places for an API key, and the one for a person's token.
pub fn define(components: &mut Components) {
    let http =
        |scheme, description| HttpBuilder::new().scheme(scheme).description(Some(description));
    let basic = http(HttpAuthScheme::Basic, "The API key as user name, without password.");
    let bearer = http(HttpAuthScheme::Bearer, "The API key as token.");
    let session = http(HttpAuthScheme::Bearer, "The access token of a person who signed in.");
    let header = ApiKeyValue::with_description("X-API-Key", "The API key.");
    for (name, scheme) in [
        (BASIC, SecurityScheme::Http(basic.build())),
        (BEARER, SecurityScheme::Http(bearer.build())),
        (HEADER, SecurityScheme::ApiKey(ApiKey::Header(header))),
        (SESSION, SecurityScheme::Http(session.bearer_format("JWT").build())),
    ] {
        components.add_security_scheme(name, scheme);
    }
}

/// Says what an operation needs, and who has it.
pub fn require(operation: &mut Operation, permission: Permission) {
    let scopes = [Scope::Ingest, Scope::Read, Scope::Admin];
    let scopes: Vec<_> = words(scopes, |scope| scope.allows(permission), Scope::as_str);
    let roles: Vec<_> = words(Role::ALL, |role| role.allows(permission), Role::as_str);
    let keys = [BASIC, BEARER, HEADER].into_iter().filter(|_| !scopes.is_empty());
    let people = [SESSION].into_iter().filter(|_| !roles.is_empty());
    let any = keys.chain(people).map(|name| SecurityRequirement::new(name, Vec::<String>::new()));
    operation.security = Some(any.collect());
    let who = [("API keys of scope", scopes), ("people of role", roles)];
    let who = who.into_iter().filter(|(_, words)| !words.is_empty());
    let who: Vec<_> = who.map(|(who, words)| format!("{who} {}", words.join(", "))).collect();
    let needs = format!("Needs `{}`: {}.", permission.as_str(), who.join("; "));
    let own = operation.description.take().map_or_else(String::new, |own| format!("{own}\n\n"));
    operation.description = Some(format!("{own}{needs}"));
}

/// Writes the words of those who may.
fn words<T: Copy>(
    all: impl IntoIterator<Item = T>,
    may: impl Fn(T) -> bool,
    word: impl Fn(T) -> &'static str,
) -> Vec<String> {
    let allowed = all.into_iter().filter(|one| may(*one));
    allowed.map(|one| format!("`{}`", word(one))).collect()
}
