//! How names are described.

use domain::name::MAX_CHARS;
use utoipa::openapi::{Object, ObjectBuilder, Type, schema::SchemaType};

/// Describes a name.
pub(super) fn schema() -> Object {
    described(SchemaType::Type(Type::String))
}

/// Describes a name that may be `null`.
pub(super) fn optional_schema() -> Object {
    described(SchemaType::from_iter([Type::String, Type::Null]))
}

fn described(schema_type: SchemaType) -> Object {
    ObjectBuilder::new()
        .schema_type(schema_type)
        .min_length(Some(1))
        .max_length(Some(MAX_CHARS))
        .pattern(Some(r"^[^\u0000-\u0020\u007f-\u00a0][^\u0000-\u001f\u007f-\u009f]*$"))
        .description(Some("On one line; the first character is no space."))
        .build()
}
