//! A meter on the way to a table: what reads take, as the table reports it.
//!
//! Invariant: every read is asked what it took; one that does not say counts as a failed test.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{
            AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
        },
    },
    error::BoxError,
    operation::{
        batch_get_item::{BatchGetItemInput, BatchGetItemOutput},
        get_item::{GetItemInput, GetItemOutput},
        query::{QueryInput, QueryOutput},
        scan::{ScanInput, ScanOutput},
    },
    types::{ConsumedCapacity, ReturnConsumedCapacity},
};

/// What reads took since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// How many calls there were.
    pub calls: usize,
    /// The read units, those of indexes included.
    pub read_units: f64,
}

/// Counts the reads of the stores it was given to.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Reading>>);

impl Meter {
    /// Returns what reads took since the last call, and begins anew.
    pub fn take(&self) -> Reading {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count<'c>(&self, consumed: impl IntoIterator<Item = &'c ConsumedCapacity>) {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reading.calls += 1;
        for consumed in consumed {
            reading.read_units += consumed.capacity_units.expect("read units");
        }
    }
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (input, total) = (context.input_mut(), Some(ReturnConsumedCapacity::Total));
        if let Some(input) = input.downcast_mut::<QueryInput>() {
            input.return_consumed_capacity = total;
        } else if let Some(input) = input.downcast_mut::<ScanInput>() {
            input.return_consumed_capacity = total;
        } else if let Some(input) = input.downcast_mut::<GetItemInput>() {
            input.return_consumed_capacity = total;
        } else if let Some(input) = input.downcast_mut::<BatchGetItemInput>() {
            input.return_consumed_capacity = total;
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else { return Ok(()) };
        if let Some(output) = output.downcast_ref::<QueryOutput>() {
            self.count(Some(output.consumed_capacity().expect("what a query took")));
        } else if let Some(output) = output.downcast_ref::<ScanOutput>() {
            self.count(Some(output.consumed_capacity().expect("what a scan took")));
        } else if let Some(output) = output.downcast_ref::<GetItemOutput>() {
            self.count(Some(output.consumed_capacity().expect("what a read took")));
        } else if let Some(output) = output.downcast_ref::<BatchGetItemOutput>() {
            self.count(output.consumed_capacity());
        }
        Ok(())
    }
}
