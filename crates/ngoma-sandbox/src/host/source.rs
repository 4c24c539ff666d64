//! What a worker runs: a service's code and, where that is in Python, what was made for it.

use crate::limits::Profile;
use crate::python::{self, Prepared, Python};
use ngoma_engine::service::{Bundle, ServiceError};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Code that a worker can be started with.
pub struct Source {
    bundle: Arc<Bundle>,
    python: Option<Prepared>,
    profile: Profile,
}

impl Source {
    /// Makes whatever the code needs.
    pub async fn of(bundle: Arc<Bundle>, python: &Python) -> Result<Self, ServiceError> {
        let python = match python::is_python(&bundle.main) {
            true => Some(python.prepare(&bundle).await?),
            false => None,
        };
        let profile = Profile::Step;
        Ok(Self {
            bundle,
            python,
            profile,
        })
    }

    /// An author's tests beside the code they test, whose main file is the one that runs tests.
    pub fn of_tests(bundle: Bundle) -> Self {
        Self {
            bundle: Arc::new(bundle),
            python: None,
            profile: Profile::Tests,
        }
    }

    /// What it is run for.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Whether it is this code.
    pub fn is(&self, bundle: &Bundle) -> bool {
        self.bundle.hash == bundle.hash
    }

    /// What a worker in Python is started with.
    pub fn python(&self) -> Option<&Prepared> {
        self.python.as_ref()
    }

    /// What a worker is sent: the files, where it does not find them on disk.
    pub fn sent(&self) -> Cow<'_, Bundle> {
        match self.python {
            Some(_) => Cow::Owned(Bundle {
                hash: self.bundle.hash.clone(),
                main: self.bundle.main.clone(),
                files: BTreeMap::new(),
            }),
            None => Cow::Borrowed(&self.bundle),
        }
    }
}
