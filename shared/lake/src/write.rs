//! Writes rows as a file.
//!
//! Invariant: the same rows in the same order make the same bytes, so that an object which is
//! written again is replaced by itself.

use std::sync::Arc;

use parquet::{
    basic::{Compression, ZstdLevel},
    column::writer::ColumnWriter,
    data_type::ByteArray,
    errors::ParquetError,
    file::{
        properties::{EnabledStatistics, WriterProperties, WriterVersion},
        writer::SerializedFileWriter,
    },
    schema::types::ColumnPath,
};

use crate::{
    error::LakeError,
    row::Row,
    schema::{COLUMNS, Column, Field, message},
};

/// Writes rows as one file of one row group, in their order.
pub fn write(rows: &[Row]) -> Result<Vec<u8>, LakeError> {
    let mut file = SerializedFileWriter::new(Vec::new(), message()?, Arc::new(properties()?))?;
    let mut group = file.next_row_group()?;
    let mut columns = COLUMNS.iter();
    while let (Some(column), Some(mut writer)) = (columns.next(), group.next_column()?) {
        write_column(column, rows, writer.untyped())?;
        writer.close()?;
    }
    group.close()?;
    Ok(file.into_inner()?)
}

fn properties() -> Result<WriterProperties, ParquetError> {
    let unique = ColumnPath::from("event_id");
    let properties = WriterProperties::builder()
        // What every reader of the last ten years understands.
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by("leadline".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL)?))
        // Nothing in a file says where a page begins but the file's own order: most are small.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_column_dictionary_enabled(unique, false);
    Ok(properties.build())
}

/// The level of zstd from which on more time saves next to nothing.
const LEVEL: i32 = 6;

fn write_column(
    column: &Column,
    rows: &[Row],
    writer: &mut ColumnWriter<'_>,
) -> Result<(), LakeError> {
    match (&column.field, writer) {
        (Field::Text(get, _), ColumnWriter::ByteArrayColumnWriter(writer)) => {
            let values: Vec<_> =
                rows.iter().map(|row| ByteArray::from(get(row).as_str())).collect();
            writer.write_batch(&values, None, None)?;
        }
        (Field::Instant(get, _), ColumnWriter::Int64ColumnWriter(writer)) => {
            let values: Vec<_> = rows.iter().map(get).collect();
            writer.write_batch(&values, None, None)?;
        }
        (Field::Json(get, _), ColumnWriter::ByteArrayColumnWriter(writer)) => {
            let values = rows.iter().filter_map(|row| get(row).as_deref());
            let values: Vec<_> = values.map(ByteArray::from).collect();
            let levels: Vec<i16> = rows.iter().map(|row| i16::from(get(row).is_some())).collect();
            writer.write_batch(&values, Some(&levels), None)?;
        }
        _ => return Err(LakeError::Column(column.name)),
    }
    Ok(())
}
