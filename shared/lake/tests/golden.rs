//! Files as they were written once, which every later version must read: `tests/golden/`.
//!
//! When the schema changes, a file of the new one is added and the old file stays.

use bytes::Bytes;
use lake::Row;

const FIRST: &[u8] = include_bytes!("../../../tests/golden/archive-1.parquet");

/// An event with everything that one can hold, an edit, and a bare one.
fn rows() -> Vec<Row> {
    let link = concat!(
        r#"[{"from":{"kind":"anonymous_id","id":"lead_aibaeaqcaibaeaqcaibaeaqcai"},"#,
        r#""to":{"kind":"user_id","id":"lead_aeaqcaibaeaqcaibaeaqcaibae"},"role":"carried"}]"#
    );
    let order = Row {
        home: "lead_aeaqcaibaeaqcaibaeaqcaibae".to_owned(),
        home_kind: "user_id".to_owned(),
        event_id: "msg-1 ção".to_owned(),
        event_type: "order_completed".to_owned(),
        timestamp: 1_768_478_400_123,
        received_at: 1_768_478_401_000,
        properties: Some(r#"{"order":9007199254740993,"revenue":129.9}"#.to_owned()),
        context: Some(r#"{"locale":"pt-BR"}"#.to_owned()),
        traits: Some(r#"{"title":"CTO"}"#.to_owned()),
        links: Some(link.to_owned()),
        edit: None,
    };
    let edit = Row {
        event_id: "msg-2".to_owned(),
        event_type: "lead_edited".to_owned(),
        properties: None,
        context: None,
        traits: None,
        links: None,
        edit: Some(
            r#"{"by":"user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071","status":"contacted"}"#.to_owned(),
        ),
        ..order.clone()
    };
    let bare = Row {
        home: "lead_aibaeaqcaibaeaqcaibaeaqcai".to_owned(),
        home_kind: "anonymous_id".to_owned(),
        event_id: "msg-3".to_owned(),
        event_type: "page_view".to_owned(),
        timestamp: 0,
        received_at: 253_402_300_799_999,
        ..Row::default()
    };
    vec![order, edit, bare]
}

#[test]
fn a_file_of_the_first_version_is_read_as_ever() {
    assert_eq!(lake::read(Bytes::from_static(FIRST)).unwrap(), rows());
}

#[test]
fn a_file_is_read_as_it_was_written_and_written_alike_each_time() {
    let many: Vec<_> = (0..3_000)
        .flat_map(|n| {
            let own = move |row: Row| Row { event_id: format!("{n}-{}", row.event_id), ..row };
            rows().into_iter().map(own)
        })
        .collect();
    for rows in [Vec::new(), rows(), many] {
        let file = lake::write(&rows).unwrap();
        assert_eq!(lake::write(&rows).unwrap(), file);
        assert_eq!(lake::read(file.into()).unwrap(), rows);
    }
}
