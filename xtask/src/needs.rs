//! What the tasks need from the machine, how to see whether it is there, and how to get it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// Oldest Node the UI's tools run on.
pub const NODE: (u32, u32) = (20, 19);

/// Which tasks need something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum For {
    /// Building and running the app.
    Building,
    /// Building, and driving the app on a hidden display.
    Testing,
}

/// How to see whether something is there.
#[derive(Debug, Clone, Copy)]
pub enum Probe {
    /// A program in the search path.
    Program(&'static str),
    /// A program that answers when called so.
    Answers(&'static str, &'static [&'static str]),
    /// Node of version [`NODE`] or later.
    Node,
    /// Headers and library, by their pkg-config name.
    Library(&'static str),
    /// A font family.
    Font(&'static str),
}

/// The commands that get something, by package tool.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources {
    /// Debian and its kin: package names, installed by the tasks themselves.
    pub apt: Option<&'static str>,
    /// Fedora and its kin: package names.
    pub dnf: Option<&'static str>,
    /// Arch and its kin: package names.
    pub pacman: Option<&'static str>,
    /// A whole command, on Linux where no package fits.
    pub linux: Option<&'static str>,
    /// A whole command on macOS.
    pub macos: Option<&'static str>,
    /// A whole command on Windows.
    pub windows: Option<&'static str>,
}

/// Something the tasks need.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// What it is, for a person.
    pub name: &'static str,
    /// Which tasks need it.
    pub for_: For,
    /// How to see it.
    pub probe: Probe,
    /// How to get it.
    pub sources: Sources,
}

const NONE: Sources =
    Sources { apt: None, dnf: None, pacman: None, linux: None, macos: None, windows: None };

/// Everything needed on every platform.
const EVERYWHERE: &[Need] = &[
    Need {
        name: "rustfmt and clippy",
        for_: For::Testing,
        probe: Probe::Answers("cargo", &["clippy", "--version"]),
        sources: Sources {
            linux: Some("rustup component add rustfmt clippy"),
            macos: Some("rustup component add rustfmt clippy"),
            windows: Some("rustup component add rustfmt clippy"),
            ..NONE
        },
    },
    Need {
        name: "Node.js 20.19 or later, with npm",
        for_: For::Building,
        probe: Probe::Node,
        sources: Sources {
            dnf: Some("nodejs npm"),
            pacman: Some("nodejs npm"),
            linux: Some("see https://nodejs.org/en/download (Debian's own package is too old)"),
            macos: Some("brew install node"),
            windows: Some("winget install OpenJS.NodeJS.LTS (or: choco install nodejs-lts)"),
            ..NONE
        },
    },
];

#[cfg(target_os = "macos")]
const HERE: &[Need] = &[Need {
    name: "Apple's command line tools",
    for_: For::Building,
    probe: Probe::Answers("xcode-select", &["-p"]),
    sources: Sources { macos: Some("xcode-select --install"), ..NONE },
}];

#[cfg(windows)]
const HERE: &[Need] = &[
    Need {
        name: "Perl, which OpenSSL's build script is written in",
        for_: For::Building,
        probe: Probe::Answers("perl", &["-v"]),
        sources: Sources {
            windows: Some(
                "winget install StrawberryPerl.StrawberryPerl (or: choco install strawberryperl)",
            ),
            ..NONE
        },
    },
    Need {
        name: "the WebDriver of Edge, of the installed WebView2's version",
        for_: For::Testing,
        probe: Probe::Answers("msedgedriver", &["--version"]),
        sources: Sources { windows: Some("choco install selenium-edge-driver"), ..NONE },
    },
];

#[cfg(not(any(windows, target_os = "macos")))]
const HERE: &[Need] = &[
    Need {
        name: "a C compiler and make",
        for_: For::Building,
        probe: Probe::Program("cc"),
        sources: Sources {
            apt: Some("build-essential"),
            dnf: Some("gcc gcc-c++ make"),
            pacman: Some("base-devel"),
            ..NONE
        },
    },
    Need {
        name: "pkg-config",
        for_: For::Building,
        probe: Probe::Program("pkg-config"),
        sources: Sources {
            apt: Some("pkg-config"),
            dnf: Some("pkgconf-pkg-config"),
            pacman: Some("pkgconf"),
            ..NONE
        },
    },
    Need {
        name: "WebKitGTK 4.1, the web view",
        for_: For::Building,
        probe: Probe::Library("webkit2gtk-4.1"),
        sources: Sources {
            apt: Some("libwebkit2gtk-4.1-dev"),
            dnf: Some("webkit2gtk4.1-devel"),
            pacman: Some("webkit2gtk-4.1"),
            ..NONE
        },
    },
    Need {
        name: "D-Bus headers",
        for_: For::Building,
        probe: Probe::Library("dbus-1"),
        sources: Sources {
            apt: Some("libdbus-1-dev"),
            dnf: Some("dbus-devel"),
            pacman: Some("dbus"),
            ..NONE
        },
    },
    Need {
        name: "OpenSSL headers",
        for_: For::Building,
        probe: Probe::Library("openssl"),
        sources: Sources {
            apt: Some("libssl-dev"),
            dnf: Some("openssl-devel"),
            pacman: Some("openssl"),
            ..NONE
        },
    },
    Need {
        name: "Noto Color Emoji",
        for_: For::Building,
        probe: Probe::Font("Noto Color Emoji"),
        sources: Sources {
            apt: Some("fontconfig fonts-noto-color-emoji"),
            dnf: Some("fontconfig google-noto-color-emoji-fonts"),
            pacman: Some("fontconfig noto-fonts-emoji"),
            ..NONE
        },
    },
    Need {
        name: "xdg-mime, which makes a program the one that opens links",
        for_: For::Testing,
        probe: Probe::Program("xdg-mime"),
        sources: Sources {
            apt: Some("xdg-utils"),
            dnf: Some("xdg-utils"),
            pacman: Some("xdg-utils"),
            ..NONE
        },
    },
    Need {
        name: "WebKitGTK's WebDriver",
        for_: For::Testing,
        probe: Probe::Program("WebKitWebDriver"),
        sources: Sources {
            apt: Some("webkit2gtk-driver"),
            dnf: Some("webkitgtk6.0"),
            pacman: Some("webkitgtk-6.0"),
            ..NONE
        },
    },
    Need {
        name: "Xvfb, a display without a screen",
        for_: For::Testing,
        probe: Probe::Program("Xvfb"),
        sources: Sources {
            apt: Some("xvfb"),
            dnf: Some("xorg-x11-server-Xvfb"),
            pacman: Some("xorg-server-xvfb"),
            ..NONE
        },
    },
    Need {
        name: "openbox, a window manager",
        for_: For::Testing,
        probe: Probe::Program("openbox"),
        sources: Sources {
            apt: Some("openbox"),
            dnf: Some("openbox"),
            pacman: Some("openbox"),
            ..NONE
        },
    },
    Need {
        name: "a D-Bus daemon",
        for_: For::Testing,
        probe: Probe::Program("dbus-daemon"),
        sources: Sources {
            apt: Some("dbus"),
            dnf: Some("dbus-daemon"),
            pacman: Some("dbus"),
            ..NONE
        },
    },
    Need {
        name: "libfaketime, a clock that can be set for one program",
        for_: For::Testing,
        probe: Probe::Program("faketime"),
        sources: Sources {
            apt: Some("faketime"),
            dnf: Some("libfaketime"),
            pacman: Some("libfaketime"),
            ..NONE
        },
    },
    Need {
        name: "the GNOME keyring, a Secret Service",
        for_: For::Testing,
        probe: Probe::Program("gnome-keyring-daemon"),
        sources: Sources {
            apt: Some("gnome-keyring"),
            dnf: Some("gnome-keyring"),
            pacman: Some("gnome-keyring"),
            ..NONE
        },
    },
];

/// Everything that tasks of this kind need on this platform.
pub fn all(for_: For) -> Vec<Need> {
    EVERYWHERE.iter().chain(HERE).filter(|need| need.for_ <= for_).copied().collect()
}

impl Need {
    /// Whether it is there.
    pub fn is_met(&self) -> bool {
        match self.probe {
            Probe::Program(name) => in_search_path(name),
            Probe::Answers(program, args) => quiet(program, args).is_some(),
            Probe::Node => {
                let version = quiet("node", &["--version"]);
                version.is_some_and(|text| node_is_recent(&text))
                    && quiet(crate::project::npm(), &["--version"]).is_some()
            }
            Probe::Library(name) => quiet("pkg-config", &["--exists", name]).is_some(),
            Probe::Font(family) => {
                let query = format!(":family={family}");
                quiet("fc-list", &[&query]).is_some_and(|found| !found.trim().is_empty())
            }
        }
    }

    /// The commands that get it on this platform, one for each package tool.
    pub fn commands(&self) -> Vec<String> {
        let sources = &self.sources;
        if cfg!(windows) {
            return sources.windows.iter().map(|&line| line.to_owned()).collect();
        }
        if cfg!(target_os = "macos") {
            return sources.macos.iter().map(|&line| line.to_owned()).collect();
        }
        let tools = [
            ("sudo apt-get install", sources.apt),
            ("sudo dnf install", sources.dnf),
            ("sudo pacman -S", sources.pacman),
        ];
        let mut commands: Vec<String> = tools
            .iter()
            .filter_map(|(tool, names)| names.map(|names| format!("{tool} {names}")))
            .collect();
        commands.extend(sources.linux.map(str::to_owned));
        commands
    }
}

fn in_search_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_program(&folder.join(program)))
}

fn is_program(path: &Path) -> bool {
    path.is_file() || path.with_extension("exe").is_file()
}

/// Output of a program that ends well; `None` when it is missing or fails.
pub fn quiet(program: &str, args: &[impl AsRef<OsStr>]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn node_is_recent(version: &str) -> bool {
    let mut numbers = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .map(|number| number.parse::<u32>().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    found >= NODE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_node_versions_by_number() {
        let cases = [
            ("v20.19.0\n", true),
            ("v20.9.0", false),
            ("v22.0.0", true),
            ("v18.20.4", false),
            ("", false),
        ];
        for (version, recent) in cases {
            assert_eq!(node_is_recent(version), recent, "version {version:?}");
        }
    }

    #[test]
    fn every_need_names_a_command_on_this_platform() {
        for need in all(For::Testing) {
            assert!(!need.commands().is_empty(), "{}", need.name);
        }
    }
}
