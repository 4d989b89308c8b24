//! A string that must not be seen: a token, code, verifier or client secret. It prints as
//! `[redacted]`, and `expose` marks every place where it is really used.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use serde::{Serialize, Serializer};

/// A string that must not be seen. Its clones share it: one is as good as free, and equal at first sight.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<String>);

impl Secret {
    /// Takes a string out of sight.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Arc::new(value.into()))
    }

    /// The string itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}
