//! The two tables on an in-process DynamoDB, one server for each test.

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType,
    },
};
use domain::{family::IdentitySettings, rule_set::RuleSet, tenant::TenantId, time::Timestamp};
use dynamo::{Store, Tenant};
use dynoxide::Database;

use crate::faults::Faults;

/// Both tables, empty, on a server that lives as long as the test's runtime.
#[derive(Clone, Debug)]
pub struct Tables {
    /// The tables without faults.
    pub store: Store,
    /// A client without faults, to look at raw items.
    pub client: Client,
    endpoint: String,
    leads: String,
    events: String,
}

impl Tables {
    /// Starts a server on a free port and creates both tables.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("a bound port"));
        let database = Database::memory().expect("a database in memory");
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        Self::create_at(&endpoint, "test").await
    }

    /// Creates both tables on a server that runs already; their names begin with `prefix`.
    pub async fn create_at(endpoint: &str, prefix: &str) -> Self {
        let client = client(endpoint, None);
        let (leads, events) = (format!("{prefix}-leads"), format!("{prefix}-events"));
        create(&client, &events, &[]).await;
        create(&client, &leads, &["by_score"]).await;
        let store = Store::new(client.clone(), leads.clone(), events.clone());
        Self { store, client, endpoint: endpoint.to_owned(), leads, events }
    }

    /// Starts a server whose tables hold one tenant with the default rules.
    pub async fn with_tenant(id: &TenantId) -> Self {
        let tables = Self::start().await;
        tables.add_tenant(id).await;
        tables
    }

    /// Makes a tenant with the default rules.
    pub async fn add_tenant(&self, id: &TenantId) {
        let tenant = Tenant {
            id: id.clone(),
            name: "Test".to_owned(),
            created_at: Timestamp::from_millis(0).expect("1970 is in range"),
            identity: IdentitySettings::default(),
            wrapped_keyring: String::new(),
        };
        let rules = RuleSet::default_set().expect("the default rules read");
        self.store.create_tenant(&tenant, &rules, &[]).await.expect("a new tenant");
    }

    /// Returns the same tables behind a connection on which calls fail as `faults` says.
    pub fn with_faults(&self, faults: &Faults) -> Store {
        let client = client(&self.endpoint, Some(faults.clone()));
        Store::new(client, self.leads.clone(), self.events.clone())
    }

    /// Removes both tables from a server that goes on.
    pub async fn remove(&self) {
        for table in [&self.leads, &self.events] {
            self.client.delete_table().table_name(table).send().await.expect("a removed table");
        }
    }

    /// Returns the name of the leads table.
    pub fn leads_table(&self) -> &str {
        &self.leads
    }

    /// Returns the name of the events table.
    pub fn events_table(&self) -> &str {
        &self.events
    }
}

fn client(endpoint: &str, faults: Option<Faults>) -> Client {
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled());
    if let Some(faults) = faults {
        config = config.interceptor(faults);
    }
    Client::from_conf(config.build())
}

async fn create(client: &Client, table: &str, indexes: &[&str]) {
    let key = |name: &str, key_type| {
        KeySchemaElement::builder().attribute_name(name).key_type(key_type).build().unwrap()
    };
    let text = |name: &str| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap()
    };
    let mut request = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .attribute_definitions(text("pk"))
        .attribute_definitions(text("sk"));
    for index in indexes {
        let (pk, sk) = (format!("{index}_pk"), format!("{index}_sk"));
        let definition = GlobalSecondaryIndex::builder()
            .index_name(*index)
            .key_schema(key(&pk, KeyType::Hash))
            .key_schema(key(&sk, KeyType::Range))
            .projection(Projection::builder().projection_type(ProjectionType::All).build())
            .build()
            .unwrap();
        request = request
            .attribute_definitions(text(&pk))
            .attribute_definitions(text(&sk))
            .global_secondary_indexes(definition);
    }
    request.send().await.expect("a created table");
}
