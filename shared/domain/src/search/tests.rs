//! What is found by what, and the laws that an index may rely on.

use proptest::prelude::*;

use super::*;

/// Values of one lead by field.
fn values(fields: &[(&str, &str)]) -> Vec<Searchable> {
    fields.iter().map(|(name, value)| Searchable::of_field(name, value).unwrap()).collect()
}

fn ana() -> Vec<Searchable> {
    values(&[
        ("first_name", "Ana  Lúcia"),
        ("last_name", "D’Ávila-Conceição"),
        ("email", "Ana.Lucia+CRM@Mail.Example.com.br"),
        ("phone", "+55 (11) 99999-0001"),
        ("company", "Pão & Cia. Ltda"),
    ])
}

fn finds(query: &str, values: &[Searchable]) -> bool {
    let query = Query::parse(query).unwrap();
    let found = query.matches(values);
    assert!(!found || index_terms(values).contains(query.prefix()));
    found
}

#[test]
fn a_lead_is_found_by_the_beginnings_of_words_in_any_order() {
    for query in [
        "ana",
        "LUC",
        "lúcia ana",
        "davila",
        "d'avila",
        "Ávila",
        "conceicao",
        "CONCEIÇÃO",
        "avila-conc",
        "pao cia",
        "ana.lucia+crm@mail.example.com.br",
        "lucia+crm@mail",
        "example",
        "@example.com",
        "mail.example.com.br",
        "<ana.lucia+crm@mail.example.com.br>",
        "+5511999990001",
        "5511 9999",
        "0055 11 99999",
        "(11) 9999",
        "11999990001",
        "ana 55",
    ] {
        assert!(finds(query, &ana()), "{query}");
    }
}

#[test]
fn what_is_not_the_beginning_of_a_word_finds_nothing() {
    for query in [
        "nan",
        "lucian",
        "ana maria",
        "conceicaoo",
        "conceicao silva",
        "com",
        "999990001",
        "na.lucia@mail",
        "ana.lucia@example",
        "lucia@mail",
        "an",
        "pao xa",
    ] {
        assert!(!finds(query, &ana()), "{query}");
    }
}

#[test]
fn a_word_of_two_characters_is_found_whole() {
    let bo = values(&[("name", "Bo Li"), ("company", "3M")]);
    for (query, found) in [("bo", true), ("li bo", true), ("3m", true), ("b li", true)] {
        assert_eq!(finds(query, &bo), found, "{query}");
    }
    assert!(!finds("bo", &values(&[("name", "Bob Lind")])));
    assert!(finds("bob li", &values(&[("name", "Bob Lind")])));
}

#[test]
fn a_query_is_refused_when_there_is_nothing_to_look_up() {
    for text in ["", " ", "a", "a b c", "@", "+5", "'"] {
        assert_eq!(Query::parse(text).err(), Some(InvalidQuery::TooShort), "{text}");
    }
    assert_eq!(Query::parse(&"a".repeat(101)).err(), Some(InvalidQuery::TooLong));
    assert!(Query::parse(&"á".repeat(100)).is_ok());
}

#[test]
fn scripts_of_every_kind_have_words() {
    for (name, query) in [
        ("ΠΑΠΑΔΟΠΟΥΛΟΣ", "Παπαδόπουλος"),
        ("İpek Şahin", "ipek sahin"),
        ("Юлия Ёлкина", "елкина"),
        ("김민준", "김민"),
        ("王小明", "王小明"),
        ("ＡＣＭＥ Ltd", "acme"),
    ] {
        assert!(finds(query, &values(&[("name", name)])), "{name}");
    }
}

#[test]
fn terms_are_of_three_to_ten_characters_and_at_most_eight_words() {
    let terms = index_terms(&values(&[("name", "Bo Conceiçãozinha I")]));
    let expected =
        ["bo", "con", "conc", "conce", "concei", "conceic", "conceica", "conceicao", "conceicaoz"];
    assert_eq!(terms, expected.map(str::to_owned).into());
    let long = "aaa bbb ccc ddd eee fff ggg hhh iii";
    assert!(!index_terms(&values(&[("name", long)])).contains("iii"));
}

#[test]
fn spellings_of_a_company_are_one_company() {
    for name in ["Acme, Inc.", "ACME INC", " acme  inc ", "Ácme Inc"] {
        assert_eq!(company_key(name).as_deref(), Some("acme inc"), "{name}");
    }
    assert_eq!(company_key("McDonald's"), company_key("McDonalds"));
    assert_eq!(company_key("!?"), None);
    assert!(company_key(&"ﷺ".repeat(200)).unwrap().len() <= MAX_KEY_BYTES);
}

#[test]
fn fields_are_found_by_name_and_all_in_order() {
    assert!(FIELDS.is_sorted() && FIELDS.iter().all(|name| is_field(name)));
    assert!(!is_field("address") && Searchable::of_field("address", "Rua A").is_none());
    assert!(Searchable::of_identity(Kind::UserId, "ana").is_none());
}

#[test]
fn a_token_reads_back_in_one_spelling() {
    let token = Token::from_digest(&[200; 32]);
    let text = token.to_string();
    assert_eq!((text.len(), text.parse()), (26, Ok(token)));
    for bad in ["", "abc", &text.to_uppercase()] {
        assert_eq!(bad.parse::<Token>(), Err(InvalidToken), "{bad}");
    }
}

fn a_word() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z]{1,14}", "\\p{L}{1,6}", "[A-Za-zçãéü’'.-]{1,14}", "[0-9]{1,8}"]
}

fn a_value() -> impl Strategy<Value = (&'static str, String)> {
    let names = prop::collection::vec(a_word(), 1..12).prop_map(|words| words.join(" "));
    prop_oneof![
        (prop::sample::select(vec!["name", "first_name", "company"]), names),
        "[a-zA-Z0-9._+-]{1,12}@[a-zA-Z0-9-]{1,8}(\\.[a-z]{2,4}){1,2}".prop_map(|e| ("email", e)),
        "\\+?[1-9][0-9 ()-]{2,16}".prop_map(|phone| ("phone", phone)),
        ".{0,20}".prop_map(|junk| ("email", junk)),
    ]
}

proptest! {
    #[test]
    fn the_beginning_of_any_word_of_a_value_finds_it(
        (field, text) in a_value(), word in 0..8_usize, length in 3..30_usize,
    ) {
        let value = Searchable::of_field(field, &text).unwrap();
        let Some(word) = value.words.get(word) else { return Ok(()) };
        let beginning: String = word.chars().take(length).collect();
        if beginning.chars().count() > 2 || beginning == *word && beginning.chars().count() == 2 {
            prop_assert!(finds(&beginning, &[value]), "{} of {:?}", beginning, text);
        }
    }

    #[test]
    fn a_name_is_found_by_the_beginning_of_what_was_typed(
        words in prop::collection::vec("[a-zA-ZçãéÜß]{3,12}", 1..6), cut in 3..12_usize,
    ) {
        let value = [Searchable::text(&words.join(" "))];
        let typed: Vec<String> =
            words.iter().rev().map(|word| word.chars().take(cut).collect()).collect();
        prop_assert!(finds(&typed.join(" "), &value));
    }

    #[test]
    fn whatever_a_query_matches_has_its_term(
        fields in prop::collection::vec(a_value(), 1..4), query in ".{2,20}|[a-e@. +0-9']{2,12}",
    ) {
        let values: Vec<_> =
            fields.iter().map(|(name, text)| Searchable::of_field(name, text).unwrap()).collect();
        if let Ok(query) = Query::parse(&query) {
            prop_assert!(query.prefix().chars().count() <= MAX_TERM_CHARS);
            prop_assert!(!query.matches(&values) || index_terms(&values).contains(query.prefix()));
        }
    }
}
