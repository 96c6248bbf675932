//! A rule as it is sent and shown.
//!
//! Invariant: it has the members of the domain's rule, by the same names.

use std::borrow::Cow;

use domain::{
    pattern::Pattern,
    points::Points,
    rule::{Cap, Period, Rule},
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{AllOfBuilder, ObjectBuilder, Ref, RefOr, Schema},
};

use crate::words;

/// Gives points for matching events, or takes the events out of scoring.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ScoringRule, example = json!({
    "id": "large_orders",
    "name": "Large orders",
    "event_type": "order_completed",
    "when": "event.properties.total > 500.0",
    "points": 25,
    "cap": { "count": 3, "per": "month" },
    "group": "buying",
    "group_cap": 100,
    "expires_after_days": 90,
    "active": true
}))]
pub struct RuleBody {
    /// Names the rule in explanations; unique within the set. Made from the name when a rule is
    /// added without.
    #[schema(pattern = "^[A-Za-z0-9._-]{1,64}$")]
    pub id: Option<String>,
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// The event type it matches; `*` stands for any run of characters.
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    pub event_type: Pattern,
    /// What must hold beside the type, in CEL over `event`, `profile` and `facts`. One that fails
    /// at run time does not hold.
    #[schema(max_length = 2048)]
    pub when: Option<String>,
    /// What a matching event gives, negative to take, with up to three decimals. Only a rule that
    /// suppresses has none.
    #[schema(value_type = f64, minimum = -1_000_000, maximum = 1_000_000, required = false)]
    pub points: Option<Points>,
    /// How often it gives at most.
    #[schema(value_type = CapBody, required = false)]
    pub cap: Option<Cap>,
    /// The group whose given points its `group_cap` looks at.
    #[schema(pattern = "^[A-Za-z0-9._-]{1,64}$")]
    pub group: Option<String>,
    /// Up to how many positive points, given by the whole group over a lifetime and before decay,
    /// this rule gives.
    #[schema(value_type = f64, minimum = 0, required = false)]
    pub group_cap: Option<Points>,
    /// After how many UTC days what it gave goes: what is given on day D goes at the beginning of
    /// day D plus this.
    #[schema(minimum = 1, maximum = 3650)]
    pub expires_after_days: Option<u32>,
    /// Whether matching events are taken out of scoring, as if they had not happened.
    #[serde(default)]
    pub suppress: bool,
    /// Whether it applies at all.
    #[serde(default = "active")]
    #[schema(default = true)]
    pub active: bool,
    /// How often its condition failed at run time under the active version. Shown, and ignored
    /// when sent.
    #[serde(default, rename = "failures")]
    #[schema(value_type = u64, read_only)]
    _failures: Option<IgnoredAny>,
}

/// A rule of a set: one with its `id`.
#[derive(Debug)]
pub enum KeptRuleBody {}

impl PartialSchema for KeptRuleBody {
    fn schema() -> RefOr<Schema> {
        let rule = Ref::from_schema_name(RuleBody::name());
        let with_id = ObjectBuilder::new().required("id");
        let both = AllOfBuilder::new().item(rule).item(with_id);
        both.description(Some("A rule of a set: one with its `id`.")).into()
    }
}

impl ToSchema for KeptRuleBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("KeptScoringRule")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((RuleBody::name().into_owned(), RuleBody::schema()));
        RuleBody::schemas(schemas);
    }
}

/// Limits how often a rule gives points.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Cap)]
pub struct CapBody {
    /// How often it gives, at most.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub count: u32,
    /// In which stretch of time, by the events' timestamps in UTC.
    #[schema(schema_with = words::period)]
    pub per: Period,
}

const fn active() -> bool {
    true
}

impl RuleBody {
    /// Makes the rule, under an id.
    pub fn into_rule(self, id: String) -> Rule {
        let Self { name, event_type, when, points, cap, group, group_cap, .. } = self;
        let Self { expires_after_days, suppress, active, .. } = self;
        Rule {
            id,
            name,
            event_type,
            when,
            points,
            cap,
            group,
            group_cap,
            expires_after_days,
            suppress,
            active,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_rule_is_sent_as_the_domain_writes_it() {
        let rule = json!({
            "id": "a", "name": "A", "event_type": "a*", "when": "true", "points": 2.5,
            "cap": {"count": 2, "per": "week"}, "group": "g", "group_cap": 10,
            "expires_after_days": 3, "suppress": true, "active": false,
        });
        let read: Rule = serde_json::from_value(rule.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), rule, "every member is said");
        let mut sent: Value = rule;
        sent["failures"] = json!(7);
        let body: RuleBody = serde_json::from_value(sent).unwrap();
        assert_eq!(body.into_rule("a".to_owned()), read);
    }
}
