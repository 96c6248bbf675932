//! The keys of what people keep beside leads: notes and activities, notifications.
//!
//! Invariant: an entry lies in the partition of its home and a notification in that of its user,
//! each kind in the order of time.

use domain::{
    entry::{EntryId, EntryKind},
    home::HomeId,
    notification::NotificationId,
    tenant::TenantId,
    user::UserId,
};

use super::{Key, home_partition};

/// The key of a note or activity: its id has its kind in front.
pub fn entry(tenant: &TenantId, home: HomeId, id: &EntryId) -> Key {
    Key { pk: home_partition(tenant, home), sk: id.to_string() }
}

/// The first and last sort key of a home's entries of a kind before `before`, or of all.
pub fn entries_before(kind: EntryKind, before: Option<&EntryId>) -> (String, String) {
    let first = format!("{}_", kind.as_str());
    // The sort key of one before: what is shorter by its last character comes before it.
    let last = before.map_or_else(|| format!("{first}~"), |before| just_before(before.as_str()));
    (first, last)
}

/// The partition of what a user is told.
pub fn user_partition(tenant: &TenantId, user: &UserId) -> String {
    format!("{tenant}#{user}")
}

/// The key of a notification.
pub fn notification(tenant: &TenantId, user: &UserId, id: &NotificationId) -> Key {
    Key { pk: user_partition(tenant, user), sk: id.to_string() }
}

/// The first and last sort key of notifications before `before`, or of all.
pub fn notifications_before(before: Option<&NotificationId>) -> (String, String) {
    let last = before.map_or_else(|| "notification_~".to_owned(), |id| just_before(id.as_str()));
    ("notification_".to_owned(), last)
}

/// Returns a text that sorts before an id, and after every lesser id of the same length.
fn just_before(id: &str) -> String {
    let mut text = id.to_owned();
    let last = text.pop().and_then(|last| char::from_u32(u32::from(last).saturating_sub(1)));
    text.extend(last);
    text.push('~');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_before_an_id_is_all_lesser_ids_and_not_itself() {
        let id = |last: &str| -> EntryId {
            format!("note_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f607{last}").parse().unwrap()
        };
        let (first, last) = entries_before(EntryKind::Note, Some(&id("1")));
        let within = |id: &EntryId| first.as_str() <= id.as_str() && id.as_str() <= last.as_str();
        assert!(within(&id("0")) && !within(&id("1")) && !within(&id("a")));
        let (first, last) = entries_before(EntryKind::Note, Some(&id("a")));
        let within = |id: &EntryId| first.as_str() <= id.as_str() && id.as_str() <= last.as_str();
        assert!(within(&id("9")) && !within(&id("a")));
        let (first, last) = entries_before(EntryKind::Activity, None);
        assert!(first.as_str() < "activity_f" && last.as_str() > "activity_f");
        assert!(last.as_str() < "home");
    }
}
