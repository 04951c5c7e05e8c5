//! REST and the Socket.IO supervisor
