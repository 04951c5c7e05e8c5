//! Faults of the parts as codes of the boundary.

use condorito_model::ErrorCode;
use condorito_model::record::StoreFault;
use condorito_net::SetupError;
use condorito_store::Error;
use std::io;

pub(crate) fn of_store(error: &Error) -> ErrorCode {
    match error {
        Error::Busy => ErrorCode::StoreBusy,
        Error::WrongKey => ErrorCode::KeyMissing,
        Error::Newer(_) => ErrorCode::StoreNewer,
        Error::Full => ErrorCode::DiskFull,
        Error::Damaged => ErrorCode::StoreDamaged,
        Error::NoPlace => ErrorCode::NotFound,
        Error::Closed => ErrorCode::SignedOut,
        Error::Folder(error) => of_io(error),
        _ => ErrorCode::StoreFault,
    }
}

pub(crate) const fn of_write(fault: StoreFault) -> ErrorCode {
    match fault {
        StoreFault::Full => ErrorCode::DiskFull,
        StoreFault::Damaged => ErrorCode::StoreDamaged,
        StoreFault::Io => ErrorCode::StoreFault,
    }
}

pub(crate) fn of_io(error: &io::Error) -> ErrorCode {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ErrorCode::StoreReadOnly
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::DiskFull,
        _ => ErrorCode::StoreFault,
    }
}

/// Of a file that the operator named.
pub(crate) fn of_file(error: &io::Error) -> ErrorCode {
    match of_io(error) {
        ErrorCode::DiskFull => ErrorCode::DiskFull,
        _ => ErrorCode::FileUnwritable,
    }
}

pub(crate) fn of_setup(error: &SetupError) -> ErrorCode {
    tracing::warn!(%error, "the backend cannot be set up");
    match error {
        SetupError::Address(_) => ErrorCode::InvalidBackend,
        SetupError::Proxy(_) => ErrorCode::InvalidInput,
        SetupError::Certificates(_) | SetupError::Tls(_) => ErrorCode::Untrusted,
        SetupError::Http(_) => ErrorCode::Unreachable,
    }
}
