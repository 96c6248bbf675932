//! From the rows of a file to what is staged of them.
//!
//! Invariant: a row is taken whole or not at all, and all that is wrong with it is told at once. A
//! row that names nobody is named after the file and its number, so the same file names it again.

mod cell;

use domain::{
    bulk::{LineError, MAX_LISTED},
    event::Sealed,
    identity::Kind,
};
use files::{CHUNK_ROWS, Chunk, ChunkError, Row};
use intake::edit::own_identity;
use serde_json::Map;
use uuid::Builder;
use vault::Keyring;

use self::cell::{Invalid, Said, said};
use super::{
    columns::Columns,
    field::Field,
    file::{CsvFile, Record},
    staff::Staff,
};
use crate::error::ApiError;

/// Reads rows.
pub struct Reader<'r> {
    columns: &'r Columns,
    staff: &'r Staff,
    keyring: &'r Keyring,
    /// Stands for the file.
    digest: [u8; 32],
}

/// What was found in a file.
#[derive(Debug, Default)]
pub struct Taken {
    /// How many rows can be brought in.
    pub valid: u64,
    /// How many cannot.
    pub invalid: u64,
    /// What is wrong with those: the first [`MAX_LISTED`].
    pub errors: Vec<LineError>,
}

impl Taken {
    /// Counts the rows.
    pub const fn rows(&self) -> u64 {
        self.valid + self.invalid
    }
}

impl<'r> Reader<'r> {
    /// Takes what rows are read by.
    pub fn new(columns: &'r Columns, staff: &'r Staff, file: &[u8], keyring: &'r Keyring) -> Self {
        Self { columns, staff, keyring, digest: keyring.pseudonym("import", file) }
    }

    /// Reads all rows of a file, and seals them in chunks where they are wanted.
    pub fn take(
        &self,
        mut file: CsvFile<'_>,
        mut chunks: Option<&mut Vec<Sealed>>,
    ) -> Result<Taken, ApiError> {
        let (mut taken, mut chunk, mut rows) = (Taken::default(), Chunk::default(), 0);
        while let Some(record) = file.next()? {
            if record.cells.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            rows += 1;
            match self.row(&record) {
                Ok(row) => {
                    taken.valid += 1;
                    if chunks.is_some() {
                        chunk.rows.push(row);
                    }
                }
                Err(errors) => {
                    taken.invalid += 1;
                    chunk.invalid += 1;
                    let room = MAX_LISTED - taken.errors.len();
                    let told = errors.get(..room).unwrap_or(&errors);
                    taken.errors.extend_from_slice(told);
                    chunk.errors.extend_from_slice(told);
                }
            }
            if rows == CHUNK_ROWS {
                self.seal(&mut chunk, chunks.as_deref_mut())?;
                rows = 0;
            }
        }
        if rows > 0 {
            self.seal(&mut chunk, chunks)?;
        }
        Ok(taken)
    }

    fn seal(&self, chunk: &mut Chunk, chunks: Option<&mut Vec<Sealed>>) -> Result<(), ChunkError> {
        let chunk = std::mem::take(chunk);
        if let Some(chunks) = chunks {
            chunks.push(chunk.seal(self.keyring)?);
        }
        Ok(())
    }

    fn row(&self, record: &Record) -> Result<Row, Vec<LineError>> {
        let Record { number, line, ref cells } = *record;
        if cells.len() != self.columns.len() {
            let (cells, columns) = (cells.len(), self.columns.len());
            let message = format!("the row has {cells} cells and the header {columns}");
            return Err(vec![wrong(line, None, "wrong_column_count", message)]);
        }
        let mut row = Row {
            number,
            line,
            identities: Vec::new(),
            traits: Map::new(),
            status: None,
            assigned_to: None,
        };
        let mut errors = Vec::new();
        for (place, ((_, field), cell)) in self.columns.iter().zip(cells).enumerate() {
            let Some(field) = field else { continue };
            match said(field, cell, self.staff) {
                Ok(said) => row = with(row, said),
                Err(Invalid { code, message }) => {
                    let place = u32::try_from(place).unwrap_or(u32::MAX).saturating_add(1);
                    errors.push(wrong(line, Some((place, field)), code, message));
                }
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        if row.identities.is_empty() {
            let says_something =
                !row.traits.is_empty() || row.status.is_some() || row.assigned_to.is_some();
            if !says_something {
                let message = "no column that is taken says anything in this row";
                return Err(vec![wrong(line, None, "nothing_said", message)]);
            }
            row.identities.push((Kind::External, self.name_of(number)));
        }
        row.identities.sort();
        Ok(row)
    }

    /// Names a row that names nobody.
    fn name_of(&self, number: u64) -> String {
        let text = [&self.digest[..], &number.to_be_bytes()].concat();
        let digest = self.keyring.pseudonym("import_row", &text);
        let bytes = digest.first_chunk().copied().unwrap_or_default();
        let uuid = Builder::from_custom_bytes(bytes).into_uuid().to_string();
        // A UUID always names somebody.
        own_identity(&uuid).map(|identity| identity.value().to_owned()).unwrap_or(uuid)
    }
}

/// Adds what a cell says to a row.
fn with(mut row: Row, said: Said) -> Row {
    match said {
        Said::Nothing => {}
        Said::Identity(kind, value) => row.identities.push((kind, value)),
        Said::Trait(name, value) => {
            row.traits.insert(name, value);
        }
        Said::Traits(others) => {
            for (name, value) in others {
                row.traits.entry(name).or_insert(value);
            }
        }
        Said::Status(status) => row.status = Some(status),
        Said::AssignedTo(user) => row.assigned_to = Some(user),
    }
    row
}

fn wrong(
    line: u64,
    place: Option<(u32, &Field)>,
    code: &str,
    message: impl Into<String>,
) -> LineError {
    LineError {
        line,
        column: place.map(|(column, _)| column),
        field: place.map(|(_, field)| field.to_string()),
        code: code.to_owned(),
        message: message.into(),
    }
}
