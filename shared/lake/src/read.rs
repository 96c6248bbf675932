//! Reads what [`crate::write`] wrote, by this version or an earlier one.

use bytes::Bytes;
use parquet::{
    column::reader::{ColumnReader, ColumnReaderImpl},
    data_type::{ByteArray, ByteArrayType, DataType},
    errors::ParquetError,
    file::{
        reader::{FileReader, RowGroupReader},
        serialized_reader::SerializedFileReader,
    },
};

use crate::{
    error::LakeError,
    row::Row,
    schema::{COLUMNS, Column, Field},
};

/// Reads all rows of a file, in their order.
///
/// # Errors
/// `Newer` when the file has a column that this version would lose.
pub fn read(content: Bytes) -> Result<Vec<Row>, LakeError> {
    let file = SerializedFileReader::new(content)?;
    let columns = columns(&file)?;
    let mut rows = Vec::new();
    for group in 0..file.num_row_groups() {
        let group = file.get_row_group(group)?;
        rows.extend(read_group(&*group, &columns)?);
    }
    Ok(rows)
}

/// Tells which column is which.
fn columns(file: &SerializedFileReader<Bytes>) -> Result<Vec<(usize, &'static Column)>, LakeError> {
    let schema = file.metadata().file_metadata().schema_descr();
    let mut found = Vec::with_capacity(COLUMNS.len());
    for (index, described) in schema.columns().iter().enumerate() {
        let name = described.path().string();
        let column = COLUMNS.iter().find(|column| column.name == name);
        let column = column.ok_or(LakeError::Newer(name))?;
        let as_written = described.max_rep_level() == 0
            && described.max_def_level() == i16::from(column.field.is_optional());
        if !as_written {
            return Err(LakeError::Column(column.name));
        }
        found.push((index, column));
    }
    let is_found = |wanted: &Column| found.iter().any(|(_, column)| column.name == wanted.name);
    let missing = COLUMNS.iter().find(|column| !column.field.is_optional() && !is_found(column));
    missing.map_or(Ok(found), |column| Err(LakeError::Column(column.name)))
}

fn read_group(
    group: &dyn RowGroupReader,
    columns: &[(usize, &'static Column)],
) -> Result<Vec<Row>, LakeError> {
    let count = usize::try_from(group.metadata().num_rows())
        .map_err(|_| ParquetError::General("a negative number of rows".to_owned()))?;
    let mut rows = vec![Row::default(); count];
    for (index, column) in columns {
        let unsound = || LakeError::Column(column.name);
        match (&column.field, group.get_column_reader(*index)?) {
            (Field::Text(_, set), ColumnReader::ByteArrayColumnReader(reader)) => {
                let (values, _) = values(reader, count)?;
                if values.len() != count {
                    return Err(unsound());
                }
                for (row, value) in rows.iter_mut().zip(values) {
                    value.as_utf8()?.clone_into(set(row));
                }
            }
            (Field::Instant(_, set), ColumnReader::Int64ColumnReader(reader)) => {
                let (values, _) = values(reader, count)?;
                if values.len() != count {
                    return Err(unsound());
                }
                for (row, value) in rows.iter_mut().zip(values) {
                    *set(row) = value;
                }
            }
            (Field::Json(_, set), ColumnReader::ByteArrayColumnReader(reader)) => {
                read_json(reader, &mut rows, *set)?.ok_or_else(unsound)?;
            }
            _ => return Err(unsound()),
        }
    }
    Ok(rows)
}

/// Reads a column that may be null; `None` when it is not there for every row.
fn read_json(
    reader: ColumnReaderImpl<ByteArrayType>,
    rows: &mut [Row],
    set: fn(&mut Row) -> &mut Option<String>,
) -> Result<Option<()>, ParquetError> {
    let (values, levels): (Vec<ByteArray>, _) = values(reader, rows.len())?;
    let mut values = values.into_iter();
    if levels.len() != rows.len() {
        return Ok(None);
    }
    for (row, level) in rows.iter_mut().zip(levels) {
        if level > 0 {
            let Some(value) = values.next() else { return Ok(None) };
            *set(row) = Some(value.as_utf8()?.to_owned());
        }
    }
    Ok(Some(()))
}

/// Returns the values of a column, without nulls, and for each row whether it has one.
fn values<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
) -> Result<(Vec<T::T>, Vec<i16>), ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    reader.read_records(rows, Some(&mut levels), None, &mut values)?;
    Ok((values, levels))
}
