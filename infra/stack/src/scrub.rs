//! Environments of child programs. The user's AWS settings never reach the
//! local stack, and the emulator and its functions see nothing of the user's
//! environment at all.

use std::ffi::OsString;
use std::path::Path;

use tokio::process::Command;

/// Removes AWS and SAM settings from a child's environment and points it at
/// the emulator with dummy credentials.
pub fn aws_tool(command: &mut Command, emulator_url: &str) {
    without_prefixes(command, &["AWS_", "SAM_", "BOTO_"]);
    command
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", emulator_url)
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("no_proxy", "127.0.0.1,localhost");
}

/// Removes what `cargo run` adds for the program it runs, which would make a
/// nested cargo rebuild build scripts.
pub fn nested_cargo(command: &mut Command) {
    without_prefixes(command, &["AWS_", "SAM_", "CARGO_PKG_", "CARGO_MANIFEST_"]);
    command.env_remove("LD_LIBRARY_PATH");
}

/// Keeps SAM's own settings and its usage reports off this machine's user.
pub fn sam_home(command: &mut Command, home: &Path) {
    command.env("__SAM_CLI_APP_DIR", home).env("SAM_CLI_TELEMETRY", "0");
}

/// Puts a directory first on a child's search path.
pub fn path_first(command: &mut Command, directory: &Path) {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let parts = std::iter::once(directory.to_owned()).chain(std::env::split_paths(&rest));
    let joined = std::env::join_paths(parts).unwrap_or_else(|_| OsString::from(directory));
    command.env("PATH", joined);
}

fn without_prefixes(command: &mut Command, prefixes: &[&str]) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if prefixes.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
}
