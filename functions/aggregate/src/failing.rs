//! Tells what fails for one lead from what fails for all.

use dynamo::StoreError;

/// With what the tables refuse a call for what it brings.
const OF_THE_CALL: &[&str] = &[
    "ItemCollectionSizeLimitExceededException",
    "TransactionCanceledException",
    "ValidationException",
];

/// Tells whether a call of the tables fails like this whichever lead it is about, today and
/// tomorrow: they are not there, or not for this function.
///
/// A call that may succeed later is none of these. If it were the table as a whole that does not
/// answer, the segment could not be noted as finished either.
pub(crate) fn is_of_all(error: &StoreError) -> bool {
    match error {
        StoreError::Refused { code, .. } => !OF_THE_CALL.contains(&code.as_str()),
        StoreError::Unavailable { .. }
        | StoreError::Unreadable { .. }
        | StoreError::Unwritable(_)
        | StoreError::Archived(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_not_there_fails_for_all_and_a_call_that_does_not_fit_for_one() {
        let (operation, request_id) = ("TransactWriteItems", "r".to_owned());
        let refused = |code: &str| {
            let (code, request_id) = (code.to_owned(), request_id.clone());
            is_of_all(&StoreError::Refused { operation, code, request_id })
        };
        assert!(refused("ResourceNotFoundException") && refused("AccessDeniedException"));
        assert!(!refused("ValidationException") && !refused("TransactionCanceledException"));
        let code = "TransactionConflict".to_owned();
        assert!(!is_of_all(&StoreError::Unavailable { operation, code }));
    }
}
