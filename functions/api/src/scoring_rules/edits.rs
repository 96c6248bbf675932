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
    guard::{Admitted, Change, Creation},
    reads::Reads,
    revision::IfMatch,
    slug,
};

/// What the audit log calls a rule.
const RULE: &str = "rule";

/// Finds the rule that the draft has, just as it is to be added, with the `ETag`: an earlier call
/// added it. No draft is begun for it.
pub(super) async fn added_before(
    reads: &Reads,
    admitted: &Admitted,
    if_match: &IfMatch,
    body: &RuleBody,
) -> Result<Option<(Rule, String)>, ApiError> {
    let creation = admitted.creation();
    if body.id.is_none() && !creation.is_repeated {
        return Ok(None);
    }
    let current = Current::read(&reads.store, admitted.tenant()).await?;
    let Some(added) = find_added(&current.set, body, creation) else { return Ok(None) };
    // Whose request comes again saw the draft without the rule.
    if !creation.is_repeated {
        if_match.require(&current.etag())?;
    }
    Ok(Some((added, current.etag())))
}

/// Finds the rule that a body names, or that a request which comes again may have made of it.
fn find_added(set: &RuleSet, body: &RuleBody, creation: Creation) -> Option<Rule> {
    let find = |id: &str| set.rules.iter().find(|rule| rule.id == id);
    if let Some(id) = &body.id {
        let wanted = body.clone().into_rule(id.clone());
        return find(id).filter(|known| **known == wanted).cloned();
    }
    if !creation.is_repeated {
        return None;
    }
    let made = slug::candidates(&body.name, RULE).map_while(|id| find(&id));
    made.into_iter().find(|known| **known == body.clone().into_rule(known.id.clone())).cloned()
}

/// Adds a rule at the end. One that is there just like this was added by a call meanwhile.
pub(super) fn add(set: &mut RuleSet, body: &RuleBody) -> Result<(Rule, Change), ApiError> {
    let find = |id: &str| set.rules.iter().find(|rule| rule.id == id);
    let id = match &body.id {
        Some(id) => id.clone(),
        None => slug::unused(&body.name, RULE, |id| find(id).is_some()),
    };
    let rule = body.clone().into_rule(id);
    let change = Change::of(RULE, &rule.id, None, Some(&rule))?;
    match find(&rule.id) {
        Some(known) if *known == rule => return Ok((rule, change)),
        Some(_) => return Err(taken().into()),
        None => {}
    }
    let rule = sound(rule)?;
    if set.rules.len() >= MAX_RULES {
        return Err(too_many().into());
    }
    set.rules.push(rule.clone());
    Ok((rule, change))
}

/// Replaces a rule in its place.
pub(super) fn replace(
    set: &mut RuleSet,
    id: &str,
    body: &RuleBody,
) -> Result<(Rule, Change), ApiError> {
    let found = set.rules.iter_mut().find(|rule| rule.id == id).ok_or_else(unknown)?;
    if body.id.as_ref().is_some_and(|given| given != id) {
        return Err(renamed().into());
    }
    let rule = sound(body.clone().into_rule(id.to_owned()))?;
    let change = Change::of(RULE, id, Some(&*found), Some(&rule))?;
    *found = rule.clone();
    Ok((rule, change))
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
        let change = Change { object_type: RULE, object_id: id.to_owned(), fields: Vec::new() };
        Ok(((), change))
    };
    let ((), etag) = draft::edit(store, admitted, if_match, remove).await?;
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
