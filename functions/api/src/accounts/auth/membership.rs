//! To which tenant somebody belongs who has just signed in.
//!
//! Invariant: whoever signed up for an organisation has a tenant after a sign-in, however often one
//! before it was cut short: it is made in one transaction, under an id that follows from the user.
//! Nobody gets a second one: who is deleted as a user is deleted with the account, and whose account
//! is being replaced is retired.

use cognito::SignedIn;
use domain::{name::Name, tenant::TenantId, user::UserId};
use dynamo::MemberStatus;
use founding::{FirstAdmin, Founded, Fresh, NewTenant, tenant_ids};

use super::Desk;
use crate::error::ApiError;

/// Tells whether a user may act in a tenant.
pub(super) async fn is_active(
    desk: &Desk,
    tenant: &TenantId,
    user: &UserId,
) -> Result<bool, ApiError> {
    let member = desk.accounts.founder.store().member(tenant, user).await?;
    Ok(member.is_some_and(|member| member.active))
}

/// Finds the tenant of a user, and makes the one that they signed up for if they have none.
pub(super) async fn tenant_of(
    desk: &Desk,
    signed_in: &SignedIn,
) -> Result<Option<TenantId>, ApiError> {
    let founder = &desk.accounts.founder;
    if let Some(tenant) = founder.store().tenant_of_user(&signed_in.user).await? {
        return Ok(Some(tenant));
    }
    let SignedIn { user, email: Some(email), name, organisation: Some(organisation), .. } =
        signed_in
    else {
        return Ok(None);
    };
    // Whoever signs up with the pool itself may have called it anything.
    let Ok(organisation) = Name::trimmed(organisation) else { return Ok(None) };
    if !desk.accounts.is_open {
        return Ok(None);
    }
    let fresh = Fresh::from_system().map_err(ApiError::NoRandomness)?;
    for id in tenant_ids(&organisation, user) {
        let admin = FirstAdmin {
            user: user.clone(),
            email: email.clone(),
            name: name.clone(),
            status: MemberStatus::Active,
        };
        let new = NewTenant {
            id: id.clone(),
            name: organisation.clone(),
            with_keys: false,
            admin: Some(admin),
        };
        match founder.found(new, desk.now, &fresh).await? {
            Founded::Made(_) => return Ok(Some(id)),
            Founded::UserTaken(tenant) => return Ok(Some(tenant)),
            Founded::Exists => {}
        }
    }
    tracing::error!(%user, "every id that a tenant could get is another's, or the user is retired");
    Ok(None)
}
