//! Keeping: what came to a home sealed as it travels is sealed under the home's own key before it
//! is written.
//!
//! Invariant: a home that is written has a key, unless it is a tombstone, and what is sealed in it
//! is sealed under that key. One that former code wrote is brought there when it is next written.

use domain::{
    event::Sealed,
    home::HomeId,
    lead::Home,
    profile::{EditedField, Edits, Field, FieldValue, Profile},
};
use dynamo::{Commit, CommitError};
use vault::{IDENTITY_FIELD, Keyring, LeadKey, SealError, is_in_transit};

use crate::{
    attempts::Attempts,
    scorer::{ScoreError, Scorer},
};

/// Seals what is in a home under its own key, which is made if there is none.
///
/// A value that does not open stays as it is: nobody could read it before either.
pub(crate) fn keep(keyring: &Keyring, home: &mut Home) -> Result<(), SealError> {
    if home.is_tombstone() {
        return Ok(());
    }
    let id = home.home.id;
    let key = if let Some(wrapped) = &home.key {
        keyring.lead_key(id, wrapped)?
    } else {
        let (key, wrapped) = keyring.new_lead_key(id)?;
        home.key = Some(wrapped);
        key
    };
    let keeping = Keeping { keyring, home: id, key };
    if let Some(identity) = &mut home.identity {
        *identity = keeping.kept(IDENTITY_FIELD, identity)?;
    }
    home.profile = keeping.profile(&home.profile)?;
    home.edits = keeping.edits(&home.edits)?;
    Ok(())
}

struct Keeping<'k> {
    keyring: &'k Keyring,
    home: HomeId,
    key: LeadKey,
}

impl Keeping<'_> {
    fn kept(&self, field: &str, sealed: &Sealed) -> Result<Sealed, SealError> {
        if !is_in_transit(sealed) {
            return Ok(sealed.clone());
        }
        match self.keyring.open_from_transit(self.home, field, sealed) {
            Ok(value) => self.key.seal(field, &value),
            Err(_) => Ok(sealed.clone()),
        }
    }

    fn value(&self, name: &str, value: &FieldValue) -> Result<FieldValue, SealError> {
        Ok(match value {
            FieldValue::Sealed(sealed) => FieldValue::Sealed(self.kept(name, sealed)?),
            FieldValue::Plain(plain) => FieldValue::Plain(plain.clone()),
        })
    }

    fn profile(&self, profile: &Profile) -> Result<Profile, SealError> {
        let kept = profile.iter().map(|(name, field)| {
            let value = self.value(name, &field.value)?;
            Ok((name.to_owned(), Field { value, ..field.clone() }))
        });
        Ok(Profile::from_fields(kept.collect::<Result<Vec<_>, _>>()?))
    }

    fn edits(&self, edits: &Edits) -> Result<Edits, SealError> {
        let kept = edits.iter().map(|(name, field)| {
            let value = field.value.as_ref().map(|value| self.value(name, value)).transpose()?;
            Ok((name.to_owned(), EditedField { value, ..field.clone() }))
        });
        Ok(Edits::from_fields(kept.collect::<Result<Vec<_>, _>>()?))
    }
}

impl Scorer {
    /// Returns a home that lives, with the key under which all is sealed that is kept in it and
    /// beside it. A home that former code wrote gets one here. `None` where there is no such home,
    /// or the person was erased.
    pub async fn keyed_home(
        &self,
        keyring: &Keyring,
        home: HomeId,
    ) -> Result<Option<Home>, ScoreError> {
        let tenant = keyring.tenant();
        let mut attempts = Attempts::default();
        loop {
            let found = match self.store.homes(tenant, [home]).await {
                Ok(mut found) => found.remove(&home).filter(|home| !home.is_tombstone()),
                Err(error) => {
                    attempts.after(error, home).await?;
                    continue;
                }
            };
            let Some(mut found) = found.filter(|found| found.version > 0) else { return Ok(None) };
            if found.key.is_some() {
                return Ok(Some(found));
            }
            keep(keyring, &mut found)?;
            let commit = Commit { homes: vec![found], ..Commit::default() };
            match self.store.commit(tenant, &commit).await {
                // What was written is read again: its version is another one.
                Ok(_) => {}
                Err(CommitError::Changed | CommitError::Stored(_)) => attempts.again(home).await?,
                Err(CommitError::Store(error)) => attempts.after(error, home).await?,
            }
        }
    }
}
