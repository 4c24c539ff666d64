//! Plays dialogues, each service loaded once.

use super::cover::Cover;
use super::find::{Found, folder_of};
use crate::simulate::Loaded;
use crate::simulate::dialogue::{self, Dialogue, Played};
use anyhow::{Context, Result, anyhow};
use ngoma_sandbox::{Sandbox, bundle};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Loaded services, to talk to.
pub struct Stage<'a> {
    sandbox: &'a Arc<Sandbox>,
    found: &'a Found,
    cover: Option<&'a mut Cover>,
    loaded: HashMap<PathBuf, Arc<Loaded>>,
}

/// What came of a dialogue, and whether its file was written anew.
pub struct Rehearsed {
    /// What came of it.
    pub played: Played,
    /// Whether the file now says what was found.
    pub is_updated: bool,
}

impl<'a> Stage<'a> {
    /// Nothing loaded.
    pub fn new(sandbox: &'a Arc<Sandbox>, found: &'a Found, cover: Option<&'a mut Cover>) -> Self {
        Self {
            sandbox,
            found,
            cover,
            loaded: HashMap::new(),
        }
    }

    /// Plays the dialogue of a file, and writes what was found into it if that is wanted.
    pub async fn play(&mut self, file: &Path, is_updating: bool) -> Result<Rehearsed> {
        let text = fs::read_to_string(file).context("cannot be read")?;
        let dialogue = Dialogue::parse(&text)?;
        let service = self.service(file, &dialogue)?;
        let is_own = self.is_own(&service);
        let loaded = self.load(&service, is_own).await?;
        let played = dialogue::play(&dialogue, loaded).await?;
        if let (Some(cover), true) = (self.cover.as_mut(), is_own) {
            played.counted.iter().for_each(|counted| cover.add(counted));
        }
        let is_updated = is_updating && played.mismatch.is_some();
        if is_updated {
            fs::write(file, &played.text).context("cannot be written")?;
        }
        Ok(Rehearsed { played, is_updated })
    }

    fn service(&self, file: &Path, dialogue: &Dialogue) -> Result<PathBuf> {
        match (&dialogue.service, &self.found.service) {
            (Some(named), _) => Ok(folder_of(file).join(named)),
            (None, Some(service)) => Ok(service.clone()),
            (None, None) => Err(anyhow!(
                "which service? Write a first line such as \"service: ../main.ts\""
            )),
        }
    }

    fn is_own(&self, service: &Path) -> bool {
        let own = self.found.service.as_deref().and_then(|own| fs::canonicalize(own).ok());
        own.is_some() && own == fs::canonicalize(service).ok()
    }

    async fn load(&mut self, service: &Path, is_own: bool) -> Result<Arc<Loaded>> {
        if let Some(loaded) = self.loaded.get(service) {
            return Ok(Arc::clone(loaded));
        }
        let mut bundle = bundle::read(service)?;
        if self.cover.is_some() && is_own {
            bundle = Cover::instrument(&bundle);
        }
        let name = service.display().to_string();
        let loaded = Loaded::load(Arc::clone(self.sandbox), &name, bundle).await;
        self.loaded.insert(service.to_owned(), Arc::clone(&loaded));
        Ok(loaded)
    }
}
