//! What a call does to the rules of the draft, so that it can be repeated.
//!
//! Invariant: a call that finds its work done writes nothing, and so begins no draft either.

use axum::http::StatusCode;
use domain::{
    check::{Finding, MAX_RULES, check_rule},
    rule::Rule,
    rule_set::RuleSet,
};
use lambda::problem::Problem;

use super::RuleBody;
use crate::{
    draft::{self, Current},
    error::ApiError,
    guard::Admitted,
    reads::Reads,
    revision::IfMatch,
    slug,
};

/// Finds the rule that the draft has, just as it is to be added, with the `ETag`: an earlier call
/// added it. No draft is begun for it.
pub(super) async fn added_before(
    reads: &Reads,
    admitted: &Admitted,
    if_match: &IfMatch,
    body: &RuleBody,
) -> Result<Option<(Rule, String)>, ApiError> {
    let Some(id) = &body.id else { return Ok(None) };
    let current = Current::read(&reads.store, admitted.tenant()).await?;
    let wanted = body.clone().into_rule(id.clone());
    if !current.set.rules.contains(&wanted) {
        return Ok(None);
    }
    if_match.require(&current.etag())?;
    Ok(Some((wanted, current.etag())))
}

/// Adds a rule at the end. One that is there just like this was added by a call meanwhile.
pub(super) fn add(set: &mut RuleSet, body: &RuleBody) -> Result<Rule, Problem> {
    let find = |id: &str| set.rules.iter().find(|rule| rule.id == id);
    let id = match &body.id {
        Some(id) => id.clone(),
        None => slug::unused(&body.name, "rule", |id| find(id).is_some()),
    };
    let rule = body.clone().into_rule(id);
    match find(&rule.id) {
        Some(known) if *known == rule => return Ok(rule),
        Some(_) => return Err(taken()),
        None => {}
    }
    let rule = sound(rule)?;
    if set.rules.len() >= MAX_RULES {
        return Err(too_many());
    }
    set.rules.push(rule.clone());
    Ok(rule)
}

/// Replaces a rule in its place.
pub(super) fn replace(set: &mut RuleSet, id: &str, body: &RuleBody) -> Result<Rule, Problem> {
    let found = set.rules.iter_mut().find(|rule| rule.id == id).ok_or_else(unknown)?;
    if body.id.as_ref().is_some_and(|given| given != id) {
        return Err(renamed());
    }
    let rule = sound(body.clone().into_rule(id.to_owned()))?;
    *found = rule.clone();
    Ok(rule)
}

/// Removes a rule, if it is there, and returns the `ETag`.
pub(super) async fn remove(
    reads: &Reads,
    admitted: &Admitted,
    if_match: &IfMatch,
    id: &str,
) -> Result<String, ApiError> {
    let (store, tenant) = (&reads.store, admitted.tenant());
    let current = Current::read(store, tenant).await?;
    if current.set.rules.iter().all(|rule| rule.id != id) {
        if_match.require(&current.etag())?;
        return Ok(current.etag());
    }
    let remove = |set: &mut RuleSet| {
        set.rules.retain(|rule| rule.id != id);
        Ok(())
    };
    let ((), etag) = draft::edit(store, tenant, if_match, remove).await?;
    Ok(etag)
}

fn sound(rule: Rule) -> Result<Rule, Problem> {
    match check_rule(&rule) {
        Ok(_) => Ok(rule),
        Err(findings) => Err(draft::invalid("invalid_rule", "the rule", findings)),
    }
}

/// Told as it is of a whole set.
fn too_many() -> Problem {
    let finding = Finding {
        path: "rules".to_owned(),
        code: "too_many_rules",
        message: format!("a rule set has at most {MAX_RULES} rules"),
        place: None,
    };
    draft::invalid("invalid_rule", "the rule", vec![finding])
}

fn taken() -> Problem {
    let message = "the draft has another rule with this id already; replace it with PUT";
    Problem::new(StatusCode::CONFLICT, "rule_exists", message)
}

fn renamed() -> Problem {
    let message = "a rule keeps its id; leave it out, or repeat the one of the path";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_rule", message).with_error(
        "id",
        "id_mismatch",
        message,
    )
}

/// 404: there is nothing to show or replace.
pub(super) fn unknown() -> Problem {
    Problem::not_found("rule_not_found", "the draft has no rule with this id")
}
