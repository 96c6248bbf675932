//! The store on an in-process DynamoDB; the same checks run on the deployed local stack.

#[tokio::test]
async fn the_store_keeps_its_promises() {
    testing::check_store(&testing::Tables::start().await, "acme").await;
}
