//! A session bus with a keyring of its own. Needs `dbus-run-session`, `dbus-send` and
//! `gnome-keyring-daemon`.

use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Ends when dropped: the session's shell reads to the end of its input, and the bus goes with it.
/// (Killed, it would leave bus and keyring behind.)
pub struct Keyring {
    pub environment: Vec<(String, String)>,
    _child: Child,
}

const SESSION: &str = r#"
printf palabra | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
echo "$DBUS_SESSION_BUS_ADDRESS"
cat >/dev/null
"#;

impl Keyring {
    /// An unlocked keyring whose files lie in `home`.
    pub async fn start(home: &Path) -> Self {
        let runtime = home.join("run");
        std::fs::create_dir_all(&runtime).unwrap();
        let private = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
        std::fs::set_permissions(&runtime, private).unwrap();
        let mut environment = vec![
            ("HOME".to_owned(), home.display().to_string()),
            ("XDG_RUNTIME_DIR".to_owned(), runtime.display().to_string()),
            ("XDG_DATA_HOME".to_owned(), home.join("data").display().to_string()),
        ];
        let mut child = Command::new("dbus-run-session")
            .args(["--", "sh", "-c", SESSION])
            .envs(environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-run-session starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.next_line().await.unwrap().expect("the bus says where it is");
        assert!(address.contains('='), "no bus: {address:?}");
        environment.push(("DBUS_SESSION_BUS_ADDRESS".to_owned(), address));
        Self { environment, _child: child }
    }

    /// Locks it; only a person could unlock it.
    pub async fn lock(&self) {
        let status = Command::new("dbus-send")
            .args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.secrets",
                "/org/freedesktop/secrets",
                "org.freedesktop.Secret.Service.Lock",
                "array:objpath:/org/freedesktop/secrets/collection/login",
            ])
            .envs(self.environment.iter().cloned())
            .stdout(Stdio::null())
            .status()
            .await
            .expect("dbus-send starts");
        assert!(status.success());
    }
}
