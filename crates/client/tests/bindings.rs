//! The TypeScript bindings in the tree are those of the declared commands.
#![allow(clippy::unwrap_used)]

use std::path::Path;

#[test]
fn the_bindings_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/lib/bindings");
    let write = std::env::var("CONDORITO_BINDINGS").is_ok_and(|value| value == "write");
    for (name, expected) in condorito_client::bindings::files() {
        let path = folder.join(name);
        if write {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &expected).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found.replace("\r\n", "\n") == expected,
            "{name} is out of date: CONDORITO_BINDINGS=write cargo test -p condorito-client --test bindings"
        );
    }
}
