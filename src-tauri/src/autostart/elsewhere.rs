//! The lists of Windows and macOS.

use auto_launch::AutoLaunchBuilder;

use super::{AutostartError, Start};

const NAME: &str = "CRM Condorito";

/// Writes or removes the app in the system's list.
///
/// # Errors
/// [`AutostartError`].
pub fn set(start: Option<&Start>) -> Result<(), AutostartError> {
    let mut builder = AutoLaunchBuilder::new();
    builder.set_app_name(NAME);
    match start {
        Some(Start { program, args }) => {
            let args: Vec<String> = args.iter().map(|word| quoted(word)).collect();
            builder.set_app_path(&quoted(&program.to_string_lossy())).set_args(&args);
            builder.build()?.enable()?;
        }
        None => {
            let list = builder.set_app_path(NAME).build()?;
            if list.is_enabled()? {
                list.disable()?;
            }
        }
    }
    Ok(())
}

/// Windows keeps a command line, macOS a list of words.
fn quoted(word: &str) -> String {
    if cfg!(windows) { format!("\"{word}\"") } else { word.to_owned() }
}
