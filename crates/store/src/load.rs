//! The typed loads: for each decision everything it looks at, read in one consistent view.

use proto::model::{Client, Family, Grant, Session, User};

/// What a poll of a grant that is not known to be pending looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedeemView {
    /// The grant.
    pub grant: Grant,
    /// Its client, unless it was removed.
    pub client: Option<Client>,
    /// The person who approved it, unless there is none or they were removed.
    pub user: Option<User>,
    /// The session in which they did.
    pub session: Option<Session>,
    /// The family that was issued.
    pub family: Option<Family>,
}

/// What showing and deciding a grant looks at, beside the session of the person who decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecideView {
    /// The grant.
    pub grant: Grant,
    /// Its client, unless it was removed.
    pub client: Option<Client>,
}

/// A session and its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// The session.
    pub session: Session,
    /// The person.
    pub user: User,
}

/// What use of an access token looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyView {
    /// The family.
    pub family: Family,
    /// Its client, unless it was removed.
    pub client: Option<Client>,
    /// The person, unless they were removed.
    pub user: Option<User>,
    /// The session in which they approved.
    pub session: Option<Session>,
}
