//! The whole client without a window: composes net, sync and store; declares the commands
