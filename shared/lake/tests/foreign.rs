//! Files that this version did not write.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use bytes::Bytes;
use lake::{LakeError, Row};
use parquet::{
    column::writer::ColumnWriter, data_type::ByteArray, file::writer::SerializedFileWriter,
    schema::parser::parse_message_type,
};

const REQUIRED: &str = "required binary home (STRING); required binary home_kind (STRING);
    required binary event_id (STRING); required binary event_type (STRING);
    required int64 timestamp (TIMESTAMP(MILLIS,true));
    required int64 received_at (TIMESTAMP(MILLIS,true));";

/// Makes a file of one row in which every text is `x` and every instant 7.
fn file(columns: &str) -> Bytes {
    let schema = parse_message_type(&format!("message event {{ {columns} }}")).unwrap();
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::default()).unwrap();
    let mut group = file.next_row_group().unwrap();
    while let Some(mut column) = group.next_column().unwrap() {
        match column.untyped() {
            ColumnWriter::Int64ColumnWriter(writer) => {
                writer.write_batch(&[7], Some(&[1]), None).unwrap();
            }
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                writer.write_batch(&[ByteArray::from("x")], Some(&[1]), None).unwrap();
            }
            _ => unreachable!("no other type is declared"),
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    file.into_inner().unwrap().into()
}

#[test]
fn a_file_of_before_a_column_was_added_is_read_without_it() {
    let x = || "x".to_owned();
    let row = Row {
        home: x(),
        home_kind: x(),
        event_id: x(),
        event_type: x(),
        timestamp: 7,
        received_at: 7,
        ..Row::default()
    };
    assert_eq!(lake::read(file(REQUIRED)).unwrap(), std::slice::from_ref(&row));
    let with_context = format!("optional binary context (STRING); {REQUIRED}");
    let expected = Row { context: Some(x()), ..row };
    assert_eq!(lake::read(file(&with_context)).unwrap(), [expected]);
}

#[test]
fn a_file_of_a_newer_version_is_not_read_as_if_it_were_less() {
    let newer = file(&format!("{REQUIRED} optional binary weather (STRING);"));
    let told = lake::read(newer).unwrap_err();
    assert!(matches!(&told, LakeError::Newer(column) if column == "weather"), "{told}");
}

#[test]
fn a_file_without_a_column_or_with_another_type_of_it_is_refused() {
    for columns in [
        REQUIRED.replace("required binary home (STRING);", ""),
        REQUIRED.replace("required int64 timestamp", "optional int64 timestamp"),
        REQUIRED.replace(
            "required int64 timestamp (TIMESTAMP(MILLIS,true))",
            "required binary timestamp",
        ),
    ] {
        let told = lake::read(file(&columns)).unwrap_err();
        assert!(matches!(told, LakeError::Column("home" | "timestamp")), "{told}");
    }
}

#[test]
fn what_is_no_parquet_is_refused() {
    let whole = lake::write(&[Row::default()]).unwrap();
    let (half, _) = whole.split_at(whole.len() / 2);
    for content in [&b""[..], b"PAR1", b"PAR1 no longer PAR1", half] {
        let told = lake::read(Bytes::copy_from_slice(content)).unwrap_err();
        assert!(matches!(told, LakeError::Parquet(_)), "{told}");
    }
}
