//! Importing a CSV file, as callers see it.

use domain::{
    identity::Kind,
    job::{JobId, Work},
    lead::Status,
    user::Role,
};
use files::{Chunk, Row};
use serde_json::{Value, json};
use testing::a_tenant;

use super::{
    callers::{email, user},
    edit::edit,
    world::{Answer, NOW, World, at, key, keyring, request},
};

const IMPORTS: &str = "/v1/imports";

fn payload(target: &str, body: &str) -> Value {
    let mut payload = request("POST", target, Some(&key(&a_tenant(), "admin")), at(NOW));
    payload["headers"]["content-type"] = json!("text/csv; charset=utf-8");
    payload["body"] = json!(body);
    payload
}

async fn import(world: &World, target: &str, body: &str) -> Answer {
    world.send(payload(target, body)).await
}

async fn dry_run(body: &str, query: &str) -> Answer {
    let world = World::start().await;
    let answer = import(&world, &format!("{IMPORTS}?dry_run=true{query}"), body).await;
    assert!(world.jobs.bulk.lock().unwrap().is_empty());
    assert!(world.jobs.files.0.lock().unwrap().is_empty());
    answer
}

/// Opens what was staged, in order.
fn staged(world: &World) -> Vec<Chunk> {
    let files = world.jobs.files.0.lock().unwrap();
    files.values().map(|sealed| Chunk::open(sealed, &keyring(&a_tenant())).unwrap()).collect()
}

fn lines(answer: &Answer) -> Vec<(u64, Value, &str)> {
    let errors = answer.body["errors"].as_array().unwrap().iter();
    let line = |error: &Value| error["line"].as_u64().unwrap();
    errors
        .map(|error| (line(error), error["field"].clone(), error["code"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn a_dry_run_tells_what_an_import_would_find_and_repeats_no_value() {
    let body = "E-mail;Nome;Fone;Status\r\n\
                ana@example.com;Ana;+55 11 99999-0001;contacted\r\n\
                \r\n\
                bea@;Bea;11 9999;boiling\r\n\
                cid@example.com;Cid\r\n\
                ;;;\r\n\
                ;Dan;;\r\n\
                ;;n/a;\r\n";
    let answer = dry_run(body, "&map=Fone:phone").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let found = &answer.body;
    assert_eq!(
        (&found["rows"], &found["valid"], &found["invalid"]),
        (&json!(5), &json!(2), &json!(3))
    );
    assert_eq!(
        found["columns"],
        json!([
            {"column": "E-mail", "field": "email"},
            {"column": "Nome", "field": "name"},
            {"column": "Fone", "field": "phone"},
            {"column": "Status", "field": "status"},
        ])
    );
    assert_eq!(
        lines(&answer),
        [
            (4, json!("email"), "invalid_identity"),
            (4, json!("phone"), "invalid_identity"),
            (4, json!("status"), "unknown_status"),
            (5, json!(null), "wrong_column_count"),
            (8, json!(null), "nothing_said"),
        ]
    );
    let errors = found["errors"].to_string();
    for value in ["bea", "9999", "boiling", "cid"] {
        assert!(!errors.contains(value), "{errors}");
    }
}

#[tokio::test]
async fn a_recorded_file_is_checked() {
    let recorded = include_str!("../../../../events/http/post-import.json");
    let answer = World::start().await.send(serde_json::from_str(recorded).unwrap()).await;
    assert_eq!((answer.status, &answer.body["valid"]), (200, &json!(1)), "{answer:?}");
    assert_eq!(answer.body["columns"][2], json!({"column": "Plano", "field": "trait:plan"}));
}

#[tokio::test]
async fn sound_rows_are_staged_sealed_and_a_job_is_begun() {
    let world = World::start().await;
    let rep = user(&a_tenant(), Role::SalesRep);
    let address = email(&a_tenant(), Role::SalesRep).to_uppercase();
    let body = format!(
        "\u{feff}Email,First name,Plano,Seats,Owner,Notes\n\
         \"Ana@Example.com\",\"Ana \"\"A\"\"\",pro,3,{rep},x\n\
         bea@,Bea,pro,3,,\n\
         ,Cid,,,{address},\n"
    );
    let target = format!("{IMPORTS}?map=Plano:trait:plan&map=Seats:trait:seats");
    let answer = import(&world, &target, &body).await;
    assert_eq!((answer.status, &answer.body["kind"]), (202, &json!("import")), "{answer:?}");
    let id: JobId = answer.body["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(answer.headers["location"], format!("/v1/jobs/{id}"));
    assert_eq!(answer.body["progress"]["total"], 3);
    let job = world.tables.store.job(&a_tenant(), &id).await.unwrap().unwrap();
    assert!(matches!(job.work, Work::Import { rows: 3, .. }), "{job:?}");
    assert_eq!(job.segments, 1);
    assert_eq!(world.jobs.bulk.lock().unwrap()[0].0.job, id);
    let keys: Vec<_> = world.jobs.files.0.lock().unwrap().keys().map(ToString::to_string).collect();
    assert_eq!(keys, [format!("imports/acme/{id}/00000")]);
    let Chunk { rows, invalid, errors } = staged(&world).remove(0);
    assert_eq!((invalid, errors.len(), errors[0].line), (1, 1, 3));
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(rows[0].identities, [(Kind::Email, "ana@example.com".to_owned())]);
    let traits = json!({"first_name": "Ana \"A\"", "plan": "pro", "seats": 3});
    assert_eq!(Value::from(rows[0].traits.clone()), traits);
    assert_eq!((&rows[0].assigned_to, &rows[1].assigned_to), (&Some(rep.clone()), &Some(rep)));
}

#[tokio::test]
async fn what_was_exported_can_be_imported() {
    let world = World::start().await;
    let body = format!(
        "{}lead_x,u1,ana@example.com,,'+5511999990001,,,Ana,,,'=Acme,,,,google,shopee; amazon,\
         \"{{\"\"plan\"\":\"\"pro\"\"}}\",50,50.000,warm,contacted,new,,0,0,,,,0\r\n",
        files::export_header()
    );
    let answer = import(&world, IMPORTS, &body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let rows = staged(&world).remove(0).rows;
    let identities = [
        (Kind::UserId, "u1".to_owned()),
        (Kind::Email, "ana@example.com".to_owned()),
        (Kind::Phone, "+5511999990001".to_owned()),
    ];
    assert_eq!(
        (rows[0].identities.as_slice(), rows[0].status),
        (&identities[..], Some(Status::Contacted))
    );
    let traits = json!({
        "first_name": "Ana", "company": "=Acme", "source": "google",
        "marketplaces": ["shopee", "amazon"], "plan": "pro",
    });
    assert_eq!(Value::from(rows[0].traits.clone()), traits);
}

#[tokio::test]
async fn a_row_that_names_nobody_is_named_after_the_file_and_its_number() {
    let names = async |body: &str| {
        let world = World::start().await;
        assert_eq!(import(&world, IMPORTS, body).await.status, 202);
        let rows = staged(&world).remove(0).rows.into_iter();
        rows.map(|row: Row| row.identities[0].clone()).collect::<Vec<_>>()
    };
    let file = "name,company\nAna,Acme\nAna,Acme\n";
    let named = names(file).await;
    assert_ne!(named[0], named[1]);
    assert_eq!(named[0].0, Kind::External);
    assert!(named[0].1.starts_with("leadline:"), "{named:?}");
    assert_eq!(names(file).await, named);
    assert_ne!(names("name,company\nAna,Acme\nBea,Acme\n").await, named);
}

#[tokio::test]
async fn a_file_whose_lines_end_as_on_an_old_macintosh_loses_no_row() {
    let world = World::start().await;
    let body = "name;email\rAna;\rAna;\rBea;bea@example.com\rx;bea@\r";
    let answer = import(&world, IMPORTS, body).await;
    assert_eq!((answer.status, &answer.body["progress"]["total"]), (202, &json!(4)), "{answer:?}");
    let Chunk { rows, errors, .. } = staged(&world).remove(0);
    let found: Vec<_> = rows.iter().map(|row| (row.number, row.line)).collect();
    assert_eq!(found, [(1, 2), (2, 3), (3, 4)]);
    assert_ne!(rows[0].identities, rows[1].identities);
    assert_eq!(errors[0].line, 5);
}

#[tokio::test]
async fn a_large_file_is_staged_in_chunks_and_its_errors_are_bounded() {
    let world = World::start().await;
    let row = |n: usize| {
        if n.is_multiple_of(4) { "x@\n".to_owned() } else { format!("p{n}@example.com\n") }
    };
    let body: String = ["email\n".to_owned()].into_iter().chain((0..6_000).map(row)).collect();
    let answer = import(&world, IMPORTS, &body).await;
    assert_eq!((answer.status, &answer.body["progress"]["total"]), (202, &json!(6_000)));
    let chunks = staged(&world);
    assert_eq!(chunks.len(), 12);
    assert_eq!(chunks.iter().map(|chunk| chunk.invalid).sum::<u64>(), 1_500);
    assert_eq!(chunks.iter().map(|chunk| chunk.rows.len()).sum::<usize>(), 4_500);
    assert_eq!(chunks.iter().map(|chunk| chunk.errors.len()).sum::<usize>(), 1_000);
    let lines: Vec<_> = chunks.iter().flat_map(|chunk| &chunk.rows).map(|row| row.line).collect();
    assert_eq!((lines[0], lines.last()), (3, Some(&6_001)));
}

#[tokio::test]
async fn a_file_that_cannot_be_taken_is_refused_with_the_line() {
    let file = |code| (422, "invalid_csv", code);
    let map = |code| (422, "invalid_mapping", code);
    for (body, query, (status, code, told)) in [
        ("", "", file("no_header")),
        ("email\n", "", file("no_rows")),
        ("email,name\n,\n", "", file("no_rows")),
        ("email\n\"ana@example.com\n", "", file("unclosed_quote")),
        ("email\n\u{fffd}\n", "", file("invalid_encoding")),
        ("a,b\n1,2\n", "", map("no_field")),
        ("a,b\n1,2\n", "?map=c:email", map("unknown_column")),
        ("a,b\n1,2\n", "?map=a:email&map=b:email", map("repeated_field")),
        ("a,b\n1,2\n", "?map=a:hobby", (400, "invalid_query", "invalid_value")),
        ("a,b\n1,2\n", "?dry_run=1", (400, "invalid_query", "invalid_value")),
    ] {
        let world = World::start().await;
        let answer = import(&world, &format!("{IMPORTS}{query}"), body).await;
        assert_eq!(answer.code(), (status, code), "{body:?} {query}");
        assert_eq!(answer.errors()[0].1, told, "{body:?} {query}");
        assert!(world.jobs.bulk.lock().unwrap().is_empty());
        assert!(world.jobs.files.0.lock().unwrap().is_empty());
    }
    let world = World::start().await;
    let mut latin = payload(IMPORTS, "ZW1haWwKYW5hQGV4YW1wbGUuY29tCmpvc+kK");
    latin["isBase64Encoded"] = json!(true);
    let answer = world.send(latin).await;
    assert_eq!(answer.code(), (422, "invalid_csv"));
    assert_eq!(answer.body["errors"][0]["line"], 3);
}

#[tokio::test]
async fn only_csv_of_at_most_5_mb_is_taken() {
    let world = World::start().await;
    let answer = edit("POST", IMPORTS).body(&json!({})).send(&world).await;
    assert_eq!(answer.code(), (415, "unsupported_content_type"));
    let body = |bytes: usize| format!("email,name\n{}", "ana@example.com,\n".repeat(bytes / 17));
    let fits = import(&world, &format!("{IMPORTS}?dry_run=true"), &body(5_200_000)).await;
    assert_eq!((fits.status, &fits.body["invalid"]), (200, &json!(0)));
    let too_large = import(&world, IMPORTS, &body(5_243_000)).await;
    assert_eq!(too_large.code(), (413, "payload_too_large"));
    let mut keyed = payload(IMPORTS, &body(2_000_000));
    keyed["headers"]["idempotency-key"] = json!("k1");
    assert_eq!(world.send(keyed).await.status, 202);
}

#[tokio::test]
async fn a_file_that_is_sent_again_makes_one_job() {
    let world = World::start().await;
    let send = async || {
        let mut payload = payload(IMPORTS, "email\nana@example.com\n");
        payload["headers"]["idempotency-key"] = json!("k1");
        world.send(payload).await
    };
    let (first, again) = (send().await, send().await);
    assert_eq!((first.status, &first.body), (202, &again.body));
    assert_eq!(world.jobs.bulk.lock().unwrap().len(), 1);
    assert_eq!(world.jobs.files.0.lock().unwrap().len(), 1);
}
