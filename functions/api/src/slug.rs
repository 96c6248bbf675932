//! Ids made from names.
//!
//! Invariant: what is made here is an id, whatever the name is.

/// How long an id made from a name is at most, so that a number still fits behind it.
const MAX_BYTES: usize = 56;

/// Makes the first id from a name that is not taken.
pub fn unused(name: &str, otherwise: &str, is_taken: impl Fn(&str) -> bool) -> String {
    candidates(name, otherwise).find(|id| !is_taken(id)).unwrap_or_default()
}

/// Makes ids from a name without end: `Large orders` becomes `large_orders`, then
/// `large_orders_2`, and so on.
pub fn candidates(name: &str, otherwise: &str) -> impl Iterator<Item = String> {
    let slug = slug(name);
    let slug = if slug.is_empty() { otherwise.to_owned() } else { slug };
    let first = slug.clone();
    let numbered = (2_u32..).map(move |number| format!("{slug}_{number}"));
    std::iter::once(first).chain(numbered)
}

fn slug(name: &str) -> String {
    let words = name.split(|character: char| !character.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let mut slug = words.join("_").to_ascii_lowercase();
    slug.truncate(MAX_BYTES);
    slug.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use domain::check::is_id;

    use super::*;

    #[test]
    fn a_name_becomes_an_id_and_a_taken_one_is_numbered() {
        assert_eq!(unused("Large orders (> 100 €)", "rule", |_| false), "large_orders_100");
        assert_eq!(unused("日本", "rule", |_| false), "rule");
        let taken = ["rule", "rule_2"];
        assert_eq!(unused("?", "rule", |id| taken.contains(&id)), "rule_3");
    }

    #[test]
    fn a_long_name_is_cut() {
        let long = "ab ".repeat(100);
        let id = unused(&long, "rule", |id| !id.ends_with("_999"));
        assert!(is_id(&id) && id.starts_with("ab_ab_"), "{id}");
    }
}
