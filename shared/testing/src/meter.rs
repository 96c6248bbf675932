//! A meter on the way to a table: what calls take, as the table reports it.
//!
//! Invariant: every call is asked what it took; one that does not say counts as a failed test.

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
        delete_item::{DeleteItemInput, DeleteItemOutput},
        get_item::{GetItemInput, GetItemOutput},
        put_item::{PutItemInput, PutItemOutput},
        query::{QueryInput, QueryOutput},
        scan::{ScanInput, ScanOutput},
        transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput},
        update_item::{UpdateItemInput, UpdateItemOutput},
    },
    types::{ConsumedCapacity, ReturnConsumedCapacity},
};

/// What calls took since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// How many reads there were.
    pub calls: usize,
    /// The read units, those of indexes included.
    pub read_units: f64,
    /// How many writes there were, a transaction being one. Those whose condition failed are not
    /// among them.
    pub writes: usize,
    /// The write units, those of indexes included.
    pub write_units: f64,
}

/// Counts the calls of the stores it was given to.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Reading>>);

impl Meter {
    /// Returns what calls took since the last call, and begins anew.
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

impl Meter {
    fn count_write<'c>(&self, consumed: impl IntoIterator<Item = &'c ConsumedCapacity>) {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reading.writes += 1;
        for consumed in consumed {
            reading.write_units += consumed.capacity_units.expect("write units");
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
        } else if let Some(input) = input.downcast_mut::<PutItemInput>() {
            input.return_consumed_capacity = total;
        } else if let Some(input) = input.downcast_mut::<UpdateItemInput>() {
            input.return_consumed_capacity = total;
        } else if let Some(input) = input.downcast_mut::<DeleteItemInput>() {
            input.return_consumed_capacity = total;
        } else if let Some(input) = input.downcast_mut::<TransactWriteItemsInput>() {
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
        } else if let Some(output) = output.downcast_ref::<PutItemOutput>() {
            self.count_write(Some(output.consumed_capacity().expect("what a put took")));
        } else if let Some(output) = output.downcast_ref::<UpdateItemOutput>() {
            self.count_write(Some(output.consumed_capacity().expect("what an update took")));
        } else if let Some(output) = output.downcast_ref::<DeleteItemOutput>() {
            self.count_write(Some(output.consumed_capacity().expect("what a removal took")));
        } else if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
            self.count_write(output.consumed_capacity());
        }
        Ok(())
    }
}
