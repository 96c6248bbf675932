//! The store's own promises, on the emulator.

use anyhow::Result;
use testing::Tables;

use crate::stack::Stack;

/// Runs the checks that the in-process database passes, on tables of this run.
pub fn conformance(stack: &Stack) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let prefix = stack.unique();
    runtime.block_on(async {
        let tables = Tables::create_at(&stack.emulator_url, &prefix).await;
        testing::check_store(&tables, &prefix).await;
        tables.remove().await;
    });
    Ok(())
}
