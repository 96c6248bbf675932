//! Maps of an event or a lead.
//!
//! Invariant: a field becomes a value of CEL when a condition reaches it; the names of all of them
//! only when it walks over the map.

use std::{fmt, sync::OnceLock};

use cel::{
    ExecutionError,
    common::{
        traits::{self, Container, Indexer, Iterable, Sizer},
        types::{CelInt, CelString, Kind, MAP_TYPE, Type},
        value::{CowVal, Val},
    },
};

use super::{Fields, Item, list::Walk};
use crate::condition::calls::equal;

/// A map as a value of CEL.
pub(super) struct MapVal<'a> {
    fields: Fields<'a>,
    names: OnceLock<Vec<Box<dyn Val + 'a>>>,
}

impl<'a> MapVal<'a> {
    pub(super) const fn new(fields: Fields<'a>) -> Self {
        Self { fields, names: OnceLock::new() }
    }

    fn names(&self) -> &[Box<dyn Val + 'a>] {
        self.names.get_or_init(|| {
            let names = self.fields.names().into_iter();
            names.map(|name| Box::new(CelString::from(name)) as Box<dyn Val + 'a>).collect()
        })
    }
}

/// Returns the text of a key; another key of a kind that maps can have names no field.
fn name_of(key: &dyn Val) -> Result<Option<&str>, ExecutionError> {
    if let Some(text) = key.downcast_ref::<CelString<'_>>() {
        return Ok(Some(text.inner()));
    }
    match key.get_type().kind() {
        Kind::Boolean | Kind::Int | Kind::UInt | Kind::Double => Ok(None),
        _ => Err(ExecutionError::UnexpectedType {
            got: key.get_type().name().to_owned(),
            want: "string".to_owned(),
        }),
    }
}

/// Prints no value: what an evaluation prints may reach a log.
impl fmt::Debug for MapVal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("map")
    }
}

impl Val for MapVal<'_> {
    fn get_type(&self) -> &Type {
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        equal(self, other)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(Self::new(self.fields))
    }
}

impl Container for MapVal<'_> {
    fn contains(&self, key: &dyn Val) -> Result<bool, ExecutionError> {
        Ok(name_of(key)?.is_some_and(|name| self.fields.has(name)))
    }
}

impl Indexer for MapVal<'_> {
    fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let name = name_of(key)?;
        let item = name.and_then(|name| self.fields.get(name)).map(Item::into_val);
        item.ok_or_else(|| ExecutionError::no_such_key(name.unwrap_or_default()))
    }

    fn steal<'v>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(key).map(CowVal::into_owned)
    }
}

impl Iterable for MapVal<'_> {
    fn iter<'b, 'v>(&'b self) -> Box<dyn traits::Iterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Walk(self.names().iter()))
    }
}

impl Sizer for MapVal<'_> {
    fn size(&self) -> CelInt {
        CelInt::from(i64::try_from(self.fields.count()).unwrap_or(i64::MAX))
    }
}
