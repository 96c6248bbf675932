//! Lists of an event or a lead.
//!
//! Invariant: an element becomes a value of CEL when a condition reaches it; all of them only when
//! it walks over the list.

use std::{fmt, sync::OnceLock};

use cel::{
    ExecutionError,
    common::{
        traits::{self, Adder, Container, Indexer, Iterable, Sizer},
        types::{CelDouble, CelInt, CelList, CelString, CelUInt, Kind, LIST_TYPE, Type},
        value::{CowVal, Val},
    },
};
use serde_json::Value;

use super::{Item, json_val};
use crate::condition::calls::equal;

/// What a list is made of.
#[derive(Clone)]
pub(super) enum List<'a> {
    Json(&'a [Value]),
    Names(Vec<&'a str>),
}

impl<'a> List<'a> {
    fn len(&self) -> usize {
        match self {
            Self::Json(array) => array.len(),
            Self::Names(names) => names.len(),
        }
    }

    fn get<'b>(&self, index: usize) -> Option<CowVal<'b, 'a>> {
        match self {
            Self::Json(array) => array.get(index).map(json_val),
            Self::Names(names) => names.get(index).map(|name| Item::Text(name).into_val()),
        }
    }

    fn has(&self, value: &dyn Val) -> bool {
        let text = value.downcast_ref::<CelString<'_>>().map(CelString::inner);
        match (self, text) {
            (Self::Names(names), text) => text.is_some_and(|text| names.contains(&text)),
            (Self::Json(array), Some(text)) => {
                array.iter().any(|element| element.as_str() == Some(text))
            }
            (Self::Json(array), None) => {
                array.iter().any(|element| equal(json_val(element).as_ref(), value))
            }
        }
    }
}

/// A list as a value of CEL.
pub(super) struct ListVal<'a> {
    list: List<'a>,
    elements: OnceLock<Vec<Box<dyn Val + 'a>>>,
}

impl<'a> ListVal<'a> {
    pub(super) const fn new(list: List<'a>) -> Self {
        Self { list, elements: OnceLock::new() }
    }

    fn elements(&self) -> &[Box<dyn Val + 'a>] {
        self.elements.get_or_init(|| {
            let elements = (0..self.list.len()).filter_map(|index| self.list.get(index));
            elements.map(CowVal::into_owned).collect()
        })
    }
}

/// Prints no value: what an evaluation prints may reach a log.
impl fmt::Debug for ListVal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("list")
    }
}

impl Val for ListVal<'_> {
    fn get_type(&self) -> &Type {
        &LIST_TYPE
    }

    fn cel_type() -> &'static Type {
        &LIST_TYPE
    }

    fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
    where
        Self: 'v,
    {
        Some(self)
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
        Box::new(Self::new(self.list.clone()))
    }
}

impl Adder for ListVal<'_> {
    fn add<'b, 'v>(&'b self, right: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let more = right.as_iterable().filter(|_| right.get_type().kind() == Kind::List);
        let mut more = more
            .ok_or_else(|| {
                let kinds = vec!["list".to_owned(), right.get_type().name().to_owned()];
                ExecutionError::no_such_overload("_+_", kinds)
            })?
            .iter();
        let own: &[Box<dyn Val + 'v>] = self.elements();
        let mut elements = own.to_vec();
        while let Some(element) = more.next() {
            elements.push(element.clone_as_boxed());
        }
        Ok(CowVal::owned(CelList::from(elements)))
    }
}

impl Container for ListVal<'_> {
    fn contains(&self, value: &dyn Val) -> Result<bool, ExecutionError> {
        Ok(self.list.has(value))
    }
}

impl Indexer for ListVal<'_> {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let missing = || ExecutionError::IndexOutOfBounds(cel::Value::Null);
        let index = position(index).ok_or_else(|| ExecutionError::UnexpectedType {
            got: index.get_type().name().to_owned(),
            want: "int".to_owned(),
        })?;
        let element = usize::try_from(index).ok().and_then(|index| self.list.get(index));
        element.ok_or_else(missing)
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

/// Returns the whole number that a number is.
fn position(index: &dyn Val) -> Option<i64> {
    if let Some(int) = index.downcast_ref::<CelInt>() {
        Some(*int.inner())
    } else if let Some(uint) = index.downcast_ref::<CelUInt>() {
        Some(i64::try_from(*uint.inner()).unwrap_or(i64::MAX))
    } else {
        let double = *index.downcast_ref::<CelDouble>()?.inner();
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        (double.fract() == 0.0 && double.abs() < 9_007_199_254_740_992.0).then_some(double as i64)
    }
}

impl Iterable for ListVal<'_> {
    fn iter<'b, 'v>(&'b self) -> Box<dyn traits::Iterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Walk(self.elements().iter()))
    }
}

impl Sizer for ListVal<'_> {
    fn size(&self) -> CelInt {
        CelInt::from(i64::try_from(self.list.len()).unwrap_or(i64::MAX))
    }
}

/// Walks over boxed values.
pub(super) struct Walk<'b, 'a>(pub(super) std::slice::Iter<'b, Box<dyn Val + 'a>>);

impl<'b, 'a: 'v, 'v> traits::Iterator<'b, 'v> for Walk<'b, 'a> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        self.0.next().map(AsRef::as_ref)
    }
}
