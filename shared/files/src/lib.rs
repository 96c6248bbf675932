//! What lies in buckets: the files of the jobs that take many leads at once, what they hold and
//! where they lie, and the objects of the archive. The only crate that names `aws-sdk-s3`.
//!
//! Invariant: a file of a job is sealed with the keys of its tenant, and its key begins with what
//! it is for and whose it is. What an object of the archive is called, `lake` and `shelf`
//! decide.

mod bucket;
mod error;
mod export;
mod import;
mod key;
mod objects;

pub use crate::{
    bucket::{Bucket, Files, Filing},
    error::FileError,
    export::{EXPORT_COLUMNS, export_header, safe_cell},
    import::{CHUNK_ROWS, Chunk, ChunkError, Row},
    key::{FileKey, FileSort},
    objects::{Listing, Objects},
};
