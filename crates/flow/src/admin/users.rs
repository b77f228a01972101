//! Accounts.

use proto::change::{Change, Decision, Key, Row};
use proto::model::{RevocationCause, User, UserId, UserName, UserState};

use super::{Admin, AdminError, failed};
use crate::commit::commit;
use crate::passwords::Password;
use crate::sign_in::unavailable;

/// A person to be added.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// What they will sign in with.
    pub name: UserName,
    /// What they are called.
    pub display_name: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// Their first password.
    pub password: Option<Password>,
}

/// What is changed about a person; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct UserEdit {
    /// What they are called; an empty text takes it away.
    pub display_name: Option<String>,
    /// Their address; an empty text takes it away.
    pub email: Option<String>,
    /// Whether the account may be used.
    pub state: Option<UserState>,
}

impl Admin<'_> {
    /// All people, by name.
    ///
    /// # Errors
    /// The store.
    pub async fn users(&self) -> Result<Vec<User>, AdminError> {
        Ok(self.0.store.users().await?)
    }

    /// One person.
    ///
    /// # Errors
    /// There is none of this name, or the store.
    pub async fn user(&self, name: &UserName) -> Result<User, AdminError> {
        self.0.store.user_by_name(name).await?.ok_or_else(|| unknown(name))
    }

    /// Adds a person.
    ///
    /// # Errors
    /// The name is taken, the password weak, or the store.
    pub async fn add_user(&self, new: &NewUser) -> Result<User, AdminError> {
        let flow = self.0;
        let password = match &new.password {
            None => None,
            Some(password) => {
                password.check_strength(&new.name)?;
                Some(self.hash(password).await?)
            }
        };
        let now = flow.env.now();
        let user = User {
            id: UserId::draw(now, &mut flow.env.entropy()),
            name: new.name.clone(),
            display_name: new.display_name.clone(),
            email: new.email.clone(),
            password,
            state: UserState::Active,
            created_at: now,
            version: 0,
        };
        commit!(&flow.store, &flow.env, async {
            let changes = vec![Change::Put(Row::User(Box::new(user.clone())))];
            Ok(Decision { reply: User { version: 1, ..user.clone() }, requires: Vec::new(), changes })
        })
        .await
        .map_err(failed(new.name.as_str()))
    }

    /// Changes a person.
    ///
    /// # Errors
    /// There is none, or the store.
    pub async fn edit_user(&self, name: &UserName, edit: &UserEdit) -> Result<(), AdminError> {
        let given = |new: &Option<String>, old: Option<String>| match new {
            Some(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            None => old,
        };
        self.change_user(name, |user| User {
            display_name: given(&edit.display_name, user.display_name),
            email: given(&edit.email, user.email),
            state: edit.state.unwrap_or(user.state),
            ..user
        })
        .await
    }

    /// Sets a person's password and revokes their sessions: an administrator does so when an account is in wrong hands.
    ///
    /// # Errors
    /// There is none, the password is weak, or the store.
    pub async fn set_password(&self, name: &UserName, password: &Password) -> Result<(), AdminError> {
        password.check_strength(name)?;
        let hash = self.hash(password).await?;
        self.change_user(name, |user| User { password: Some(hash.clone()), ..user }).await?;
        self.end_sessions(name).await
    }

    /// Ends all sessions of a person; what was approved in them loses its right to tokens.
    ///
    /// # Errors
    /// There is none, or the store.
    pub async fn end_sessions(&self, name: &UserName) -> Result<(), AdminError> {
        let user = self.user(name).await?;
        for session in self.0.store.sessions_of(user.id).await? {
            self.0.revoke_session(session.id, RevocationCause::Administrator).await?;
        }
        Ok(())
    }

    /// Removes a person. Their identifier is never given to anybody else.
    ///
    /// # Errors
    /// There is none, or the store.
    pub async fn remove_user(&self, name: &UserName) -> Result<(), AdminError> {
        let flow = self.0;
        self.end_sessions(name).await?;
        let id = self.user(name).await?.id;
        commit!(&flow.store, &flow.env, async {
            let Some(user) = flow.store.user(id).await? else { return Ok(Decision::only(())) };
            let changes = vec![Change::Delete(Key::User(id), user.version)];
            Ok(Decision { reply: (), requires: Vec::new(), changes })
        })
        .await
        .map_err(failed(name.as_str()))
    }

    async fn change_user(&self, name: &UserName, change: impl Fn(User) -> User) -> Result<(), AdminError> {
        let flow = self.0;
        let id = self.user(name).await?.id;
        commit!(&flow.store, &flow.env, async {
            let Some(user) = flow.store.user(id).await? else { return Ok(Decision::only(false)) };
            let changes = vec![Change::Put(Row::User(Box::new(change(user))))];
            Ok(Decision { reply: true, requires: Vec::new(), changes })
        })
        .await
        .map_err(failed(name.as_str()))?
        .then_some(())
        .ok_or_else(|| unknown(name))
    }

    async fn hash(&self, password: &Password) -> Result<Box<str>, AdminError> {
        let flow = self.0;
        let keys = flow.ring.keys();
        let hash = flow.passwords.hash(password, &keys.password, &mut flow.env.entropy()).await;
        hash.map_err(|error| unavailable(error).into())
    }
}

fn unknown(name: &UserName) -> AdminError {
    AdminError::Unknown(format!("user {name}"))
}
