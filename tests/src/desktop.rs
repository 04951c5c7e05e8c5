//! A desktop of the test's own: display, window manager, session bus, keyring, notification server,
//! panel and login manager, none of them shared with the machine's.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

use crate::built;
use crate::dock::Dock;
use crate::login_manager::LoginManager;
use crate::notifications::NotificationServer;
use crate::poll::{Seen, until};
use crate::process::Running;
use crate::screen::Screen;
use crate::tray::Panel;

/// How long a part of the desktop may take to come up on a busy machine.
const START: Duration = Duration::from_secs(20);

/// A private session bus without service files, so that nothing of the machine's desktop (portals,
/// accessibility, another notification server) is ever activated on it.
const BUS_CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// The desktop. Its parts end when it is dropped, and its folder is removed.
pub struct Desktop {
    /// What the app has notified, and the means to click on it.
    pub notifications: NotificationServer,
    /// The tray.
    pub panel: Panel,
    /// Sleep and waking.
    pub login_manager: LoginManager,
    /// The display and its windows.
    pub screen: Screen,
    bus_address: String,
    display: String,
    logs: PathBuf,
    // Dropped in this order: programs first, then the folder they write to.
    _keyring: Running,
    _bus: Running,
    _window_manager: Running,
    _screen: Running,
    home: TempDir,
}

impl Desktop {
    /// Starts a desktop with an unlocked keyring; logs of its parts go to `logs`.
    ///
    /// # Errors
    /// When a part is not installed or does not come up.
    pub async fn start(logs: &Path) -> Result<Self> {
        let home = tempfile::Builder::new()
            .prefix("condorito-e2e-")
            .tempdir()
            .context("a folder for the desktop")?;
        std::fs::DirBuilder::new().mode(0o700).create(home.path().join("run"))?;

        let (screen_program, display) = start_screen(logs)?;
        let (bus, bus_address) = start_bus(home.path(), logs)?;
        let connection = zbus::connection::Builder::address(bus_address.as_str())
            .build()
            .await
            .context("the test's session bus")?;
        let environment =
            Environment { home: home.path(), display: &display, bus_address: &bus_address };
        let keyring = start_keyring(&environment, &connection, logs).await?;
        let window_manager = start_window_manager(&environment, logs)?;
        let screen = Screen::connect(&display)?;
        screen.until_managed(START).await?;
        let notifications = NotificationServer::start(&bus_address).await?;
        let panel = Panel::start(&bus_address).await?;
        let login_manager = LoginManager::start(&bus_address).await?;
        Ok(Self {
            notifications,
            panel,
            login_manager,
            screen,
            bus_address,
            display,
            logs: logs.to_owned(),
            _keyring: keyring,
            _bus: bus,
            _window_manager: window_manager,
            _screen: screen_program,
            home,
        })
    }

    /// Makes `command` run on this desktop instead of the machine's.
    pub fn adopt(&self, command: &mut Command) {
        Environment {
            home: self.home.path(),
            display: &self.display,
            bus_address: &self.bus_address,
        }
        .apply(command);
    }

    /// A dock that hears from now on what counts apps want on their icons.
    ///
    /// # Errors
    /// When the bus is gone.
    pub async fn dock(&self) -> Result<Dock> {
        Dock::listen(&self.bus_address).await
    }

    /// Starts the app on this desktop as a person would, without a driver.
    ///
    /// # Errors
    /// When it is not built or cannot be started.
    pub fn launch(&self, args: &[&str]) -> Result<Running> {
        let data_dir = self.data_dir();
        self.launch_on_the_usual_folder(
            &[&["--data-dir", &data_dir.to_string_lossy()], args].concat(),
        )
    }

    /// As [`Desktop::launch`], with the folder that an installed app would take.
    ///
    /// # Errors
    /// When it is not built or cannot be started.
    pub fn launch_on_the_usual_folder(&self, args: &[&str]) -> Result<Running> {
        let mut command = Command::new(built::program("condorito-desktop")?);
        self.adopt(&mut command);
        command.args(args).stdin(Stdio::null());
        let log = self.logs.join("app.log");
        command.stdout(std::fs::OpenOptions::new().create(true).append(true).open(&log)?);
        Running::start("condorito-desktop", &mut command, &log)
    }

    /// Starts the app a second time and waits until that start has given way to the first.
    ///
    /// # Errors
    /// When it stays, or fails.
    pub async fn launch_again(&self, args: &[&str]) -> Result<()> {
        let mut second = self.launch(args)?;
        let status = until("the second start to end", START, async || {
            Ok(Seen::from_option(second.ended()?, "it runs"))
        })
        .await?;
        anyhow::ensure!(status.success(), "the second start ended with {status}");
        Ok(())
    }

    /// The desktop entry that opens links of `scheme`, by the user's list of default programs
    /// (freedesktop's "Association between MIME types and applications").
    ///
    /// # Errors
    /// When the list is there and cannot be read.
    pub fn opener_of(&self, scheme: &str) -> Result<Option<String>> {
        let list = match std::fs::read_to_string(self.config_dir().join("mimeapps.list")) {
            Ok(list) => list,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("mimeapps.list"),
        };
        let line = format!("x-scheme-handler/{scheme}=");
        Ok(list.lines().find_map(|it| it.strip_prefix(&line)).map(str::to_owned))
    }

    /// The user's own desktop entries.
    pub fn entries_dir(&self) -> PathBuf {
        self.home.path().join(".local/share/applications")
    }

    /// The user's folder for configuration.
    pub fn config_dir(&self) -> PathBuf {
        self.home.path().join(".config")
    }

    /// Folder for what the app writes.
    pub fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// Folder for logs and screenshots.
    pub fn logs(&self) -> &Path {
        &self.logs
    }
}

struct Environment<'a> {
    home: &'a Path,
    display: &'a str,
    bus_address: &'a str,
}

impl Environment<'_> {
    fn apply(&self, command: &mut Command) {
        command
            .env("HOME", self.home)
            .env("XDG_RUNTIME_DIR", self.home.join("run"))
            .env("XDG_CONFIG_HOME", self.home.join(".config"))
            .env("XDG_DATA_HOME", self.home.join(".local/share"))
            .env("XDG_CACHE_HOME", self.home.join(".cache"))
            .env("DBUS_SESSION_BUS_ADDRESS", self.bus_address)
            .env("DBUS_SYSTEM_BUS_ADDRESS", self.bus_address)
            .env("DISPLAY", self.display)
            .env("GDK_BACKEND", "x11")
            .env("LANG", "C.UTF-8")
            // There is no accessibility bus here, and GTK would wait for one.
            .env("NO_AT_BRIDGE", "1")
            .env("GSETTINGS_BACKEND", "memory")
            // With the plain renderer WebKitWebDriver never answers a request for a screenshot.
            .env_remove("WEBKIT_DISABLE_DMABUF_RENDERER")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("XAUTHORITY");
    }
}

fn start_screen(logs: &Path) -> Result<(Running, String)> {
    let mut command = Command::new("Xvfb");
    // Descriptor 1 is the pipe: Xvfb writes the number of the display it has found free there.
    command
        .args(["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut screen = Running::start("Xvfb", &mut command, &logs.join("xvfb.log"))?;
    let number = first_line(&mut screen).context("Xvfb gave no display number")?;
    Ok((screen, format!(":{number}")))
}

fn start_window_manager(environment: &Environment<'_>, logs: &Path) -> Result<Running> {
    let mut command = Command::new("openbox");
    environment.apply(&mut command);
    command.arg("--sm-disable").stdin(Stdio::null()).stdout(Stdio::null());
    Running::start("openbox", &mut command, &logs.join("openbox.log"))
}

fn start_bus(home: &Path, logs: &Path) -> Result<(Running, String)> {
    let config = home.join("bus.conf");
    let socket = home.join("run/bus");
    let text = BUS_CONFIG.replace("SOCKET", &socket.to_string_lossy());
    std::fs::write(&config, text)?;
    let mut command = Command::new("dbus-daemon");
    command
        .arg("--config-file")
        .arg(&config)
        .args(["--nofork", "--nopidfile", "--print-address=1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut bus = Running::start("dbus-daemon", &mut command, &logs.join("dbus.log"))?;
    let address = first_line(&mut bus).context("dbus-daemon gave no address")?;
    Ok((bus, address))
}

async fn start_keyring(
    environment: &Environment<'_>,
    bus: &Connection,
    logs: &Path,
) -> Result<Running> {
    let mut command = Command::new("gnome-keyring-daemon");
    environment.apply(&mut command);
    command
        .args(["--unlock", "--components=secrets", "--foreground"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut keyring =
        Running::start("gnome-keyring-daemon", &mut command, &logs.join("keyring.log"))?;
    let mut input = keyring.child().stdin.take().context("the keyring's input")?;
    input.write_all(b"e2e")?;
    // It reads the password up to the end of its input.
    drop(input);

    let names = DBusProxy::new(bus).await?;
    let name = BusName::try_from("org.freedesktop.secrets")?;
    until("the keyring on the bus", START, async || {
        let owned = names.name_has_owner(name.clone()).await?;
        Ok(Seen::when(owned, "no owner of the name"))
    })
    .await?;
    Ok(keyring)
}

fn first_line(program: &mut Running) -> Result<String> {
    let output = program.child().stdout.take().context("no pipe")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let line = line.trim();
    anyhow::ensure!(!line.is_empty(), "it ended without a word");
    Ok(line.to_owned())
}
