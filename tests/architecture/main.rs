//! The walls of the house: which crate may know which, and what every file looks like.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec().unwrap()
}

fn member<'m>(metadata: &'m Metadata, name: &str) -> &'m Package {
    let found = metadata.workspace_packages().into_iter().find(|package| package.name == name);
    found.unwrap_or_else(|| panic!("the workspace has a package {name}"))
}

/// The packages of a directory of the house.
fn members<'m>(metadata: &'m Metadata, directory: &str) -> Vec<&'m Package> {
    let wall = root().join(directory);
    let packages = metadata.workspace_packages().into_iter();
    let inside: Vec<_> =
        packages.filter(|package| package.manifest_path.as_std_path().starts_with(&wall)).collect();
    assert!(!inside.is_empty(), "{directory} has packages");
    inside
}

/// All packages that a package is built with, tests left out.
fn closure(metadata: &Metadata, package: &Package) -> BTreeSet<String> {
    let nodes: BTreeMap<&PackageId, _> =
        metadata.resolve.as_ref().unwrap().nodes.iter().map(|node| (&node.id, node)).collect();
    let (mut names, mut seen, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![&package.id]);
    while let Some(id) = open.pop() {
        for dependency in &nodes.get(id).unwrap().deps {
            let built = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if built && seen.insert(&dependency.pkg) {
                names.insert(dependency.name.clone());
                open.push(&dependency.pkg);
            }
        }
    }
    names
}

fn direct(package: &Package, kinds: &[DependencyKind]) -> BTreeSet<String> {
    let wanted = package.dependencies.iter().filter(|dependency| kinds.contains(&dependency.kind));
    wanted.map(|dependency| dependency.name.clone()).collect()
}

#[test]
fn the_domain_knows_no_aws_no_runtime_and_no_http() {
    let metadata = metadata();
    let outside = ["aws", "tokio", "http", "hyper", "tracing", "lambda", "reqwest"];
    let found: Vec<_> = closure(&metadata, member(&metadata, "domain"))
        .into_iter()
        .filter(|name| outside.iter().any(|wall| name.starts_with(wall)))
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn an_sdk_is_named_only_in_its_adapter() {
    let metadata = metadata();
    let adapters = [
        ("aws-sdk-cognitoidentityprovider", &["cognito"][..]),
        ("aws-sdk-dynamodb", &["dynamo", "testing"]),
        ("aws-sdk-kms", &["vault"]),
        ("aws-sdk-s3", &["files"]),
        ("aws-sdk-sqs", &["queue"]),
    ];
    for package in metadata.workspace_packages() {
        for sdk in direct(package, &[DependencyKind::Normal]) {
            let Some(sdk_of) = sdk.strip_prefix("aws-sdk-") else { continue };
            let adapter = adapters.iter().find(|(name, _)| *name == sdk);
            let allowed = adapter.is_some_and(|(_, by)| by.contains(&package.name.as_str()));
            assert!(allowed, "{} names the SDK of {sdk_of}", package.name);
        }
    }
}

#[test]
fn parquet_is_named_only_in_the_lake() {
    let metadata = metadata();
    let all = [DependencyKind::Normal, DependencyKind::Development, DependencyKind::Build];
    let names = |package: &&&Package| direct(package, &all).contains("parquet");
    let packages = metadata.workspace_packages();
    let found: Vec<_> =
        packages.iter().filter(names).map(|package| package.name.to_string()).collect();
    assert_eq!(found, ["lake"]);
}

#[test]
fn no_function_depends_on_a_function() {
    let metadata = metadata();
    let functions = members(&metadata, "functions");
    let names: BTreeSet<String> =
        functions.iter().map(|package| package.name.to_string()).collect();
    for package in metadata.workspace_packages() {
        let all = [DependencyKind::Normal, DependencyKind::Development, DependencyKind::Build];
        let found: Vec<_> = direct(package, &all).intersection(&names).cloned().collect();
        assert!(found.is_empty(), "{} depends on {found:?}", package.name);
    }
}

#[test]
fn testing_is_a_dev_dependency_only() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let built = direct(package, &[DependencyKind::Normal, DependencyKind::Build]);
        assert!(!built.contains("testing"), "{} is built with testing", package.name);
    }
}

#[test]
fn directory_package_and_binary_have_one_name() {
    let metadata = metadata();
    for package in members(&metadata, "functions") {
        let directory = package.manifest_path.parent().unwrap().file_name().unwrap();
        assert_eq!(package.name, directory);
        assert!(package.targets.iter().any(|target| target.is_bin() && target.name == directory));
    }
}

/// The files that git tracks or would track.
fn files(pattern: &str) -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "--", pattern])
        .current_dir(root())
        .output()
        .unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    let files: Vec<_> =
        text.lines().map(|line| root().join(line)).filter(|path| path.exists()).collect();
    assert!(!files.is_empty(), "there are files like {pattern}");
    files
}

#[test]
fn every_file_says_what_it_is_for_and_stays_small() {
    for file in files("*.rs") {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//!"), "{} does not open with //!", file.display());
        let lines = text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines", file.display());
    }
}

#[test]
fn the_visible_top_level_is_the_house_and_nothing_else() {
    let allowed = [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "events",
        "functions",
        "infra",
        "shared",
        "template.yaml",
        "tests",
    ];
    let first = |path: PathBuf| {
        let inside = path.strip_prefix(root()).unwrap().to_owned();
        inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned()
    };
    let visible: BTreeSet<String> =
        files(":/").into_iter().map(first).filter(|name| !name.starts_with('.')).collect();
    let unknown: Vec<_> = visible.iter().filter(|name| !allowed.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_template_has_each_saved_query_as_its_file_has_it() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let template = words(&fs::read_to_string(root().join("template.yaml")).unwrap());
    let saved = files("infra/athena/*.sql");
    for file in &saved {
        let text = fs::read_to_string(file).unwrap();
        assert!(text.starts_with("-- "), "{} does not say what it is for", file.display());
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("--")).collect();
        let is_there = template.contains(&words(&lines.join(" ")));
        assert!(is_there, "the template has another {}", file.display());
    }
    // The view is not one of them.
    let queries = template.matches("Type: AWS::Athena::NamedQuery").count();
    assert_eq!(queries + 1, saved.len());
}

#[test]
fn every_queue_of_dead_letters_and_every_function_is_watched() {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let resource = |name: &str| {
        let (_, rest) = template.split_once(&format!("\n  {name}:\n")).unwrap();
        rest.split("\n\n").next().unwrap().to_owned()
    };
    let of_type = |wanted: &str| {
        let lines: Vec<_> = template.lines().collect();
        let pairs = lines.windows(2).filter(|pair| pair[1] == format!("    Type: {wanted}"));
        let names = pairs.map(|pair| pair[0].trim().trim_end_matches(':').to_owned());
        names.collect::<Vec<_>>()
    };
    let dashboard = resource("Dashboard");
    let functions = of_type("AWS::Serverless::Function");
    assert!(functions.len() >= 8, "{functions:?}");
    for function in functions {
        let alarm = resource(&format!("{function}ErrorsAlarm"));
        assert!(alarm.contains(&format!("Value: !Ref {function}}}")), "{function} fails unseen");
        assert!(dashboard.contains(&format!("${{{function}}}")), "{function} is on no dashboard");
    }
    let dead = of_type("AWS::SQS::Queue").into_iter().filter(|name| name.contains("DeadLetter"));
    for queue in dead {
        let alarm = resource(&queue.replace("Queue", "Alarm"));
        assert!(alarm.contains(&format!("!GetAtt {queue}.")), "{queue} fills unseen");
        assert!(dashboard.contains(&format!("${{{queue}.")), "{queue} is on no dashboard");
    }
}

#[test]
fn every_metric_filter_reads_a_field_that_a_log_line_has_at_its_top() {
    let telemetry = fs::read_to_string(root().join("shared/lambda/src/telemetry.rs")).unwrap();
    assert!(telemetry.contains(".flatten_event(true)"));
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let filters: Vec<_> = template.split("Type: AWS::Logs::MetricFilter").skip(1).collect();
    assert!(filters.len() >= 2);
    for filter in filters {
        let after = |start: &str| filter.split_once(start).unwrap().1;
        let function = after("!Ref ").split("Logs\n").next().unwrap().to_lowercase();
        let field = after("FilterPattern: \"{ $.").split(' ').next().unwrap();
        assert_eq!(after("MetricValue: $.").lines().next(), Some(field));
        let logs = |line: &str| {
            let rest = line.split_once("tracing::").map(|(_, rest)| rest);
            rest.is_some_and(|rest| rest.contains(&format!(", {field},")))
        };
        let sources = files("*.rs").into_iter();
        let source = format!("functions/{function}/src/");
        let mut sources = sources.filter(|file| file.to_string_lossy().contains(&source));
        let is_logged = sources.any(|file| fs::read_to_string(file).unwrap().lines().any(logs));
        assert!(is_logged, "{function} logs no {field}");
    }
}

#[test]
fn every_payload_is_used_by_a_test() {
    let is_test = |file: &PathBuf| {
        let path = file.to_string_lossy().into_owned();
        path.contains("/tests/") || path.ends_with("tests.rs")
    };
    let tests: String = files("*.rs")
        .iter()
        .filter(|file| is_test(file))
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    for payload in files("events/*.json") {
        let name = payload.file_name().unwrap().to_string_lossy().into_owned();
        let quoted = format!("\"{}\"", name.trim_end_matches(".json"));
        let named = tests.contains(&quoted) || tests.contains(&format!("/{name}"));
        assert!(named, "no test uses {name}");
    }
}
