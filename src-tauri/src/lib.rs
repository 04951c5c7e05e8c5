//! The desktop shell: a window, a tray icon and notifications around `condorito-client`.
//!
//! Nothing here decides anything about conversations. Commands of the UI go to the client, its
//! events go to the UI, and what it wants shown goes to the desktop's notification server.

mod autostart;
mod badge;
mod clipboard;
mod commands;
mod core;
mod demo;
mod focus;
mod launcher;
mod links;
mod log;
mod media;
mod notifications;
mod options;
mod page;
mod place;
mod popup;
mod preferences;
mod scheme;
mod texts;
mod tray;
mod wake;
mod window;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Parser;
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, RunEvent, WindowEvent, Wry};
use tracing_appender::non_blocking::WorkerGuard;

use crate::core::Core;
use crate::notifications::Notifier;
use crate::options::Options;

/// How long the client may take to put its house in order when the app ends. What is worth
/// keeping was written when it was typed, so an app that is killed here loses nothing.
const GOODBYE: Duration = Duration::from_secs(5);

/// Whether the client has been stopped, so that the second request to exit is let through.
#[derive(Default)]
struct Stopped(AtomicBool);

/// Runs the app until the operator quits it.
pub fn run() -> ExitCode {
    condorito_client::leave_no_traces();
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            // `--help` and `--version` come this way too, with an exit code of 0.
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            return error.print().map_or(ExitCode::FAILURE, |()| code.into());
        }
    };
    match build(options) {
        Ok(app) => {
            let code = app.run_return(on_run_event);
            u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) => {
            // Nothing else is there yet to say it with.
            eprintln!("condorito-desktop: {error}");
            ExitCode::FAILURE
        }
    }
}

fn build(options: Options) -> tauri::Result<tauri::App> {
    let mut builder = tauri::Builder::default();
    if let Some(plugin) = single_instance(&options)? {
        builder = builder.plugin(plugin);
    }
    builder
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_deep_link::init())
        .register_asynchronous_uri_scheme_protocol(media::SCHEME, media::serve)
        .invoke_handler(tauri::generate_handler![
            commands::choose_open_path,
            commands::choose_save_path,
            commands::command,
            commands::copy_picture,
            commands::media_bytes,
            commands::open_link,
            commands::open_media,
            commands::ui_ready,
            commands::focus_state,
        ])
        .on_window_event(|window, event| match event {
            WindowEvent::Focused(focused) => focus::window_focused(window.app_handle(), *focused),
            WindowEvent::Moved(_) | WindowEvent::Resized(_) => place::moved(window.app_handle()),
            WindowEvent::CloseRequested { api, .. }
                if preferences::close_to_tray(window.app_handle()) =>
            {
                api.prevent_close();
                window::hide(window.app_handle());
            }
            _ => {}
        })
        .setup(move |app| {
            set_up(app.handle(), &options)?;
            Ok(())
        })
        .build(tauri::generate_context!())
}

/// One window per data folder: a second start raises the first and passes its link on. Off Linux
/// the plugin knows one name per user, which fits the usual folder; another folder is guarded by
/// the client's lock on it.
fn single_instance(options: &Options) -> std::io::Result<Option<TauriPlugin<Wry>>> {
    let builder = tauri_plugin_single_instance::Builder::new()
        .callback(|app, args, _| second_start(app, args));
    let builder = match &options.data_dir {
        None => builder,
        Some(folder) if cfg!(target_os = "linux") => {
            let mut hasher = DefaultHasher::new();
            std::path::absolute(folder)?.hash(&mut hasher);
            builder.dbus_id(format!("com.crmcondorito.desktop.folder{:x}", hasher.finish()))
        }
        Some(_) => return Ok(None),
    };
    Ok(Some(builder.build()))
}

/// The app was started again, perhaps by a link.
fn second_start(app: &AppHandle, args: Vec<String>) {
    let link = Options::try_parse_from(args).ok().and_then(|options| options.link);
    match link.as_deref().and_then(links::place) {
        Some(place) => page::follow(app, place),
        None => window::raise(app),
    }
}

fn set_up(app: &AppHandle, options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let data_dir = data_dir(app, options)?;
    // Where the folder cannot be made, the client says so in the window.
    start_log(app, &data_dir);
    tracing::info!(version = %app.package_info().version, "started");

    let runtime = tauri::async_runtime::handle();
    let (core, events) = {
        let _within = runtime.inner().enter();
        Core::start(options, data_dir.clone())
    };
    let (locale, settings) = (core.locale(), core.settings().machine);
    let theme = preferences::theme(&settings);
    app.manage(Stopped::default());
    app.manage(focus::Focus::default());
    app.manage(window::FirstShow::new(options.minimised));
    app.manage(tray::Tray::default());
    app.manage(clipboard::Clipboard::default());
    app.manage(page::Wishes::default());
    app.manage(place::Keeper::read(&data_dir));
    app.manage(preferences::Followed::new(settings, options, &data_dir));
    app.manage(Notifier::start(app));
    app.manage(core);
    tray::create(app, locale);
    window::create(app, &data_dir, theme)?;
    wake::watch(app);
    scheme::register(app, options);
    if let Some(place) = options.link.as_deref().and_then(links::place) {
        page::follow(app, place);
    }
    if let Some(events) = events {
        core::pass_on(app, events);
        if options.backend.as_deref() == Some(demo::ADDRESS) {
            core::enter_demo(app);
        }
    }
    end_on_signal(app);
    Ok(())
}

fn data_dir(app: &AppHandle, options: &Options) -> Result<PathBuf, Box<dyn std::error::Error>> {
    match &options.data_dir {
        Some(folder) => Ok(std::path::absolute(folder)?),
        None => Ok(app.path().app_data_dir()?),
    }
}

/// Keeps the log going as long as the app lives; without a log the app runs all the same.
fn start_log(app: &AppHandle, data_dir: &std::path::Path) {
    struct Log(#[allow(dead_code, reason = "flushes the log when dropped")] WorkerGuard);
    match log::start(data_dir) {
        Ok(guard) => {
            app.manage(Log(guard));
        }
        Err(error) => eprintln!("condorito-desktop: {error}"),
    }
}

/// Lets a session manager or a terminal end the app in good order.
fn end_on_signal(app: &AppHandle) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
            let app = app.clone();
            tauri::async_runtime::spawn(async move {
                if let Ok(mut signals) = signal(kind)
                    && signals.recv().await.is_some()
                {
                    app.exit(0);
                }
            });
        }
    }
    #[cfg(not(unix))]
    {
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                app.exit(0);
            }
        });
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the signature that Tauri calls")]
fn on_run_event(app: &AppHandle<Wry>, event: RunEvent) {
    match event {
        RunEvent::ExitRequested { api, code, .. } => {
            if app.state::<Stopped>().0.load(Ordering::SeqCst) {
                return;
            }
            api.prevent_exit();
            let app = app.clone();
            tauri::async_runtime::spawn(async move {
                let stopped = tokio::time::timeout(GOODBYE, app.state::<Core>().stop()).await;
                if stopped.is_err() {
                    tracing::warn!("the client did not stop in time");
                }
                app.state::<Stopped>().0.store(true, Ordering::SeqCst);
                app.exit(code.unwrap_or(0));
            });
        }
        RunEvent::Exit => app.state::<place::Keeper>().write(),
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => window::raise(app),
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => {
            for place in urls.iter().filter_map(|url| links::place(url.as_str())) {
                page::follow(app, place);
            }
        }
        _ => {}
    }
}
