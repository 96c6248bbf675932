//! The files of the jobs that take many leads at once: what they hold and where they lie. The only
//! crate that names `aws-sdk-s3`.
//!
//! Invariant: what lies in the bucket is sealed with the keys of its tenant, and its key begins
//! with what it is for and whose it is.

mod bucket;
mod error;
mod export;
mod import;
mod key;

pub use crate::{
    bucket::{Bucket, Files, Filing},
    error::FileError,
    export::{EXPORT_COLUMNS, export_header},
    import::{CHUNK_ROWS, Chunk, ChunkError, Row},
    key::FileKey,
};
