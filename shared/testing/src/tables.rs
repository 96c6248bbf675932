//! The tables on an in-process DynamoDB, one server for each test.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Intercept, Region, retry::RetryConfig},
    types::{
        AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
        KeyType, Projection, ProjectionType, ScalarAttributeType,
    },
};
use domain::{
    family::IdentitySettings, home::HomeId, rule_set::RuleSet, tenant::TenantId, time::Timestamp,
};
use dynamo::{Store, TableNames, Tenant};
use dynoxide::Database;

use crate::{faults::Faults, meter::Meter};

/// All tables, empty, on a server that lives as long as the test's runtime.
#[derive(Clone, Debug)]
pub struct Tables {
    /// The tables without faults.
    pub store: Store,
    /// A client without faults, to look at raw items.
    pub client: Client,
    endpoint: String,
    names: TableNames,
    /// The server's, if it is one of this process.
    database: Option<InProcess>,
}

#[derive(Clone)]
struct InProcess(Database);

impl std::fmt::Debug for InProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InProcess(…)")
    }
}

impl Tables {
    /// Starts a server on a free port and creates the tables.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("a bound port"));
        let database = Database::memory().expect("a database in memory");
        tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
        let tables = Self::create_at(&endpoint, "test").await;
        Self { database: Some(InProcess(database)), ..tables }
    }

    /// Creates the tables on a server that runs already; their names begin with `prefix`.
    pub async fn create_at(endpoint: &str, prefix: &str) -> Self {
        let client = Client::from_conf(config(endpoint).build());
        let name = |table| format!("{prefix}-{table}");
        let names =
            TableNames { leads: name("leads"), events: name("events"), search: name("search") };
        create(&client, &names.events, &[]).await;
        create(&client, &names.search, &[]).await;
        let keys = ["by_owner", "by_created", "by_activity"];
        let keys = keys.map(|index| (index, ProjectionType::KeysOnly));
        let indexes = [[("by_score", ProjectionType::All)].as_slice(), &keys].concat();
        create(&client, &names.leads, &indexes).await;
        let store = Store::new(client.clone(), names.clone());
        Self { store, client, endpoint: endpoint.to_owned(), names, database: None }
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
        self.store.create_tenant(&tenant, &rules, &[], None).await.expect("a new tenant");
    }

    /// Returns the same tables behind a connection on which calls fail as `faults` says.
    pub fn with_faults(&self, faults: &Faults) -> Store {
        self.behind(faults.clone())
    }

    /// Returns the same tables behind a connection on which `meter` counts what reading takes.
    pub fn with_meter(&self, meter: &Meter) -> Store {
        self.behind(meter.clone())
    }

    fn behind(&self, interceptor: impl Intercept + 'static) -> Store {
        let client = Client::from_conf(config(&self.endpoint).interceptor(interceptor).build());
        Store::new(client, self.names.clone())
    }

    /// Puts items into the leads table past the server: for as many as a test could not send.
    pub fn load_leads_table(
        &self,
        items: impl IntoIterator<Item = HashMap<String, AttributeValue>>,
    ) {
        self.load(&self.names.leads, items);
    }

    /// Puts items into the search table in the same way.
    pub fn load_search_table(
        &self,
        items: impl IntoIterator<Item = HashMap<String, AttributeValue>>,
    ) {
        self.load(&self.names.search, items);
    }

    fn load(&self, table: &str, items: impl IntoIterator<Item = HashMap<String, AttributeValue>>) {
        let InProcess(database) = self.database.as_ref().expect("a server of this process");
        let items = items.into_iter().map(loaded).collect();
        let options = dynoxide::ImportOptions::default();
        database.import_items(table, items, options).expect("loaded items");
    }

    /// Takes a lead's item out of the indexes that code before its lists did not know.
    pub async fn leave_to_former_code(&self, tenant: &TenantId, lead: HomeId) {
        let indexes = ["by_owner", "by_created", "by_activity"];
        let attributes = indexes.map(|index| format!("{index}_pk, {index}_sk"));
        let (key, text) = (dynamo::keys::lead(tenant, lead), AttributeValue::S);
        let update = self.client.update_item().table_name(&self.names.leads);
        let update = update.key("pk", text(key.pk)).key("sk", text(key.sk));
        let update = update.update_expression(format!("REMOVE {}", attributes.join(", ")));
        update.send().await.expect("a changed item");
    }

    /// Removes the tables from a server that goes on.
    pub async fn remove(&self) {
        let TableNames { leads, events, search } = &self.names;
        for table in [leads, events, search] {
            self.client.delete_table().table_name(table).send().await.expect("a removed table");
        }
    }

    /// Returns the address of the server.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the name of the leads table.
    pub fn leads_table(&self) -> &str {
        &self.names.leads
    }

    /// Returns the name of the events table.
    pub fn events_table(&self) -> &str {
        &self.names.events
    }

    /// Returns the name of the search table.
    pub fn search_table(&self) -> &str {
        &self.names.search
    }
}

fn config(endpoint: &str) -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled())
}

fn loaded(item: HashMap<String, AttributeValue>) -> dynoxide::Item {
    item.into_iter().map(|(name, value)| (name, loaded_value(value))).collect()
}

fn loaded_value(value: AttributeValue) -> dynoxide::AttributeValue {
    match value {
        AttributeValue::S(text) => dynoxide::AttributeValue::S(text),
        AttributeValue::N(number) => dynoxide::AttributeValue::N(number),
        AttributeValue::Bool(flag) => dynoxide::AttributeValue::BOOL(flag),
        AttributeValue::L(list) => {
            dynoxide::AttributeValue::L(list.into_iter().map(loaded_value).collect())
        }
        AttributeValue::M(map) => dynoxide::AttributeValue::M(loaded(map)),
        other => panic!("no item of ours holds {other:?}"),
    }
}

async fn create(client: &Client, table: &str, indexes: &[(&str, ProjectionType)]) {
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
    for (index, projection) in indexes {
        let (pk, sk) = (format!("{index}_pk"), format!("{index}_sk"));
        let definition = GlobalSecondaryIndex::builder()
            .index_name(*index)
            .key_schema(key(&pk, KeyType::Hash))
            .key_schema(key(&sk, KeyType::Range))
            .projection(Projection::builder().projection_type(projection.clone()).build())
            .build()
            .unwrap();
        request = request
            .attribute_definitions(text(&pk))
            .attribute_definitions(text(&sk))
            .global_secondary_indexes(definition);
    }
    request.send().await.expect("a created table");
}
