//! Works a segment of an export: every lead that is meant becomes a line of CSV.
//!
//! Invariant: a file is noted only after it was put, and its name is that of its content. So what
//! is noted is whole and in order, however many workers wrote and died; a file that nobody noted
//! lapses with the others.

mod cells;

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use domain::{
    bulk::{ExportPart, MAX_LISTED, Selection},
    home::HomeId,
    lead::{Home, Lead},
    time::Timestamp,
};
use dynamo::Settings;
use files::FileKey;
use intake::person::Person;
use lambda::budget::Budget;
use queue::Parts;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vault::Keyring;

use lambda::keyrings::Keyrings;

use crate::{
    error::BulkError,
    handler::Bulk,
    segment::{Came, Place},
    walk::{At, Walk},
};

/// From so many bytes on a file is put and the next one begun. An answer has at most 6 MB.
const FILE_BYTES: usize = 1_000_000;

/// What a segment of an export has written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// How many leads were written.
    pub leads: u64,
    /// The files, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ExportPart>,
    /// Named leads that there are not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<HomeId>,
    /// The last of the named leads that was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    named: Option<HomeId>,
}

/// Lines that are not put yet.
#[derive(Debug, Default)]
struct Lines {
    csv: Vec<u8>,
    leads: u64,
}

impl<Q: Parts, K: Keyrings> Bulk<Q, K> {
    /// Writes the leads of a segment.
    pub(crate) async fn export(
        &self,
        place: Place<'_>,
        selection: &Selection,
        budget: Budget,
    ) -> Result<Came, BulkError> {
        let known = self.known::<Tally>(place).await?;
        let mut tally = known.tally;
        if known.done {
            return Ok(Came::Through(tally.leads));
        }
        let keyring = self.needs.keyrings.keyring(place.owned.tenant).await?;
        let at = At { named: tally.named, after: known.after };
        let mut walk = Walk::new(&self.store, place, selection, at).await?;
        tally.missing = walk.missing().iter().take(MAX_LISTED).copied().collect();
        let mut lines = Lines::default();
        while let Some(leads) = walk.next().await? {
            self.write(place, selection, &keyring, leads, &mut lines).await?;
            tally.named = walk.at.named;
            // The place at the end would be that at the beginning.
            if walk.is_done() || lines.csv.len() < FILE_BYTES && !budget.is_over() {
                continue;
            }
            self.put(place, &keyring, &mut lines, &mut tally).await?;
            if !self.keep(place, &tally, walk.at.after.clone(), false).await? {
                return self.written_by_another(place).await;
            }
            if budget.is_over() {
                return Ok(Came::Partway);
            }
        }
        self.put(place, &keyring, &mut lines, &mut tally).await?;
        if !self.keep(place, &tally, None, true).await? {
            return self.written_by_another(place).await;
        }
        Ok(Came::Through(tally.leads))
    }

    /// Adds the lines of those leads that are meant.
    async fn write(
        &self,
        place: Place<'_>,
        selection: &Selection,
        keyring: &Keyring,
        mut leads: Vec<Lead>,
        lines: &mut Lines,
    ) -> Result<(), BulkError> {
        let (tenant, at) = (place.owned.tenant, place.owned.job.created_at);
        let settings = self.settings_for(tenant, &leads).await?;
        if let Selection::Matching(filter) = selection {
            leads.retain(|lead| filter.takes(lead, &settings.rules, at));
        }
        let members = leads.iter().flat_map(|lead| &lead.members).map(|member| member.home.id);
        let homes = self.store.many_homes(tenant, members.collect()).await?;
        lines.add(&leads, &homes, &settings, keyring, at)
    }

    /// Puts the lines that are not put yet, if there are any, as one file.
    async fn put(
        &self,
        place: Place<'_>,
        keyring: &Keyring,
        lines: &mut Lines,
        tally: &mut Tally,
    ) -> Result<(), BulkError> {
        let Lines { csv, leads } = std::mem::take(lines);
        if leads == 0 {
            return Ok(());
        }
        let digest = HEXLOWER.encode(&Sha256::digest(keyring.pseudonym("export", &csv)));
        let digest = digest.get(..16).unwrap_or_default();
        let name = format!("{:05}-{:05}-{digest}", place.segment, tally.parts.len());
        let key = FileKey::export(place.owned.tenant, &place.owned.job.id, &name);
        let bytes = u64::try_from(csv.len()).unwrap_or(u64::MAX);
        self.needs.files.put(&key, keyring.seal_item(&csv)?).await?;
        tally.parts.push(ExportPart { name, leads, bytes });
        tally.leads += leads;
        Ok(())
    }

    async fn written_by_another(&self, place: Place<'_>) -> Result<Came, BulkError> {
        Ok(Came::Through(self.known::<Tally>(place).await?.tally.leads))
    }
}

impl Lines {
    fn add(
        &mut self,
        leads: &[Lead],
        homes: &BTreeMap<HomeId, Home>,
        settings: &Settings,
        keyring: &Keyring,
        at: Timestamp,
    ) -> Result<(), BulkError> {
        let mut writer = csv::WriterBuilder::new()
            .has_headers(false)
            .terminator(csv::Terminator::CRLF)
            .from_writer(&mut self.csv);
        for lead in leads {
            let person = Person::of(&lead.members, homes, keyring);
            writer.write_record(cells::of(lead, &person, &settings.rules, at))?;
            self.leads += 1;
        }
        writer.flush().map_err(csv::Error::from)?;
        Ok(())
    }
}
