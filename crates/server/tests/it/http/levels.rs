//! Revocation at every level (T30): when the reply to whoever revokes is sent, no path of any node gives anything for any
//! token, whatever its kind. No node hears of a change here: nothing may rest on what it knew before.

use proto::model::{AccessTokenFormat, AuthMethod, Client, ClientId, GrantType, UserState};
use store::load::{FamilyFilter, GrantFilter};

use super::signed::{own, signing_client};
use super::support::{AUTHORIZATION, Answer, Call, Caller, INTROSPECT, USERINFO};
use crate::support::{Browser, ELSEWHERE, HOME, TestApp, client, user_name};

/// What is taken back, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// Nothing: everything works.
    Nothing,
    /// Its client gives back the access token.
    AccessToken,
    /// Its client gives back the refresh token.
    RefreshToken,
    /// The operator, one grant after the other.
    Grant,
    /// The operator, what came of each of them.
    Family,
    /// The person, on the page of devices.
    Device,
    /// The operator switches the client off.
    ClientDisabled,
    /// The operator removes the client.
    ClientRemoved,
    /// The operator removes it and registers another under its name.
    ClientAnew,
    /// The operator takes lasting access from the client.
    GrantTypes,
    /// The operator locks the person.
    PersonLocked,
    /// The operator removes the person.
    PersonRemoved,
    /// The person says that it was not them.
    NotMe,
    /// The person ends all sessions, with their devices.
    Everywhere,
    /// The operator ends all sessions.
    Sessions,
    /// The operator sets another password.
    Password,
}

/// A client and the kind of its tokens.
#[derive(Clone)]
struct Kind {
    caller: Caller,
    bound: bool,
}

/// A device with tokens.
struct Device {
    kind: Kind,
    code: String,
    access: String,
    refresh: String,
}

impl Kind {
    async fn all(app: &TestApp) -> Vec<Self> {
        let mut kinds = Vec::new();
        for auth in [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::PrivateKeyJwt] {
            for format in [AccessTokenFormat::Jwt, AccessTokenFormat::Opaque] {
                for bound in [false, true] {
                    let id = format!("{auth:?}-{format:?}-{bound}");
                    let caller = Caller::register_as(app, registration(&id, auth, format)).await;
                    kinds.push(Self { caller, bound });
                }
            }
        }
        kinds
    }

    /// The call as this client makes it, with a new proof and a new assertion.
    fn dress(&self, app: &TestApp, call: Call) -> Call {
        let call = if self.bound { call.proven(app, own()) } else { call };
        match self.caller.auth {
            AuthMethod::PrivateKeyJwt => self.caller.assert(app, own(), call),
            AuthMethod::None | AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => call,
        }
    }

    /// A device that a person allowed, and that has not been back since: its code.
    async fn allowed(&self, app: &TestApp, browser: &mut Browser<'_>) -> String {
        let call = self.caller.call(AUTHORIZATION, "scope=openid+profile+offline_access");
        let started = self.dress(app, call).send(app).await;
        let question = browser.type_code(&started.text("user_code")).await;
        assert_eq!(browser.press(&question, "approve").await.outcome(), "approved");
        started.text("device_code")
    }

    async fn poll(&self, app: &TestApp, code: &str) -> Answer {
        self.dress(app, self.caller.poll(code)).send(app).await
    }

    async fn signed_in(&self, app: &TestApp, browser: &mut Browser<'_>) -> Device {
        let code = self.allowed(app, browser).await;
        let tokens = self.poll(app, &code).await;
        let [access, refresh] = ["access_token", "refresh_token"].map(|name| tokens.text(name));
        Device { kind: self.clone(), code, access, refresh }
    }

    /// Whether a lost reply to this client is replaced.
    fn is_proven(&self) -> bool {
        self.bound || self.caller.auth != AuthMethod::None
    }
}

fn registration(id: &str, auth: AuthMethod, format: AccessTokenFormat) -> Client {
    let keys = (auth == AuthMethod::PrivateKeyJwt).then(|| super::signed::keys(&[own()]));
    let mut registration = Client {
        auth,
        grants: vec![GrantType::DeviceCode, GrantType::RefreshToken],
        introspects: auth != AuthMethod::None,
        keys,
        ..client(id, id)
    };
    registration.tokens.format = format;
    registration
}

impl Device {
    fn why(&self, path: &str) -> String {
        format!("{path}: {} {}", self.kind.caller.id, if self.kind.bound { "bound" } else { "unbound" })
    }

    async fn refreshes(&self, app: &TestApp) -> bool {
        let answer = self.kind.dress(app, self.kind.caller.refresh(&self.refresh)).send(app).await;
        is_issued(&answer, &self.why("refresh"))
    }

    async fn is_replaced(&self, app: &TestApp) -> bool {
        is_issued(&self.kind.poll(app, &self.code).await, &self.why("replacement"))
    }

    async fn is_told_who(&self, app: &TestApp) -> bool {
        let call = if self.kind.bound {
            Call::userinfo(app, own(), &self.access)
        } else {
            Call::get(USERINFO).bearer(&self.access)
        };
        let answer = call.send(app).await;
        assert!([200, 401].contains(&answer.status), "{}: {}", self.why("userinfo"), answer.show());
        answer.status == 200
    }

    /// Whether the API is told that the access token is good, or its own client that one of both is.
    async fn is_active(&self, app: &TestApp, api: &Caller) -> [bool; 3] {
        let by_api = api.call(INTROSPECT, &format!("token={}", self.access)).send(app).await;
        let mut active = [by_api.json()["active"] == true, false, false];
        if self.kind.caller.auth != AuthMethod::None {
            for (active, token) in active.iter_mut().skip(1).zip([&self.access, &self.refresh]) {
                let call = self.kind.caller.call(INTROSPECT, &format!("token={token}"));
                let answer = self.kind.dress(app, call.without("dpop")).send(app).await;
                assert!(answer.status == 200 || answer.refusal().1 == "invalid_client", "{}", answer.show());
                *active = answer.json()["active"] == true;
            }
        }
        active
    }

    async fn expect_nothing(&self, app: &TestApp, api: &Caller, level: Level) {
        assert_eq!(self.is_active(app, api).await, [false; 3], "{level:?} {}", self.why("introspection"));
        assert!(!self.is_told_who(app).await, "{level:?} {}", self.why("userinfo"));
        assert!(!self.refreshes(app).await, "{level:?} {}", self.why("refresh"));
        assert!(!self.is_replaced(app).await, "{level:?} {}", self.why("replacement"));
    }
}

#[track_caller]
fn is_issued(answer: &Answer, why: &str) -> bool {
    let body = answer.json();
    let refused = body["error"].as_str();
    assert!(
        refused.is_none_or(|error| ["invalid_grant", "invalid_client", "access_denied"].contains(&error)),
        "{why}: {body}"
    );
    assert_eq!(
        (answer.status == 200, body.get("access_token").is_some()),
        (refused.is_none(), refused.is_none()),
        "{why}"
    );
    refused.is_none()
}

async fn take_back(level: Level, app: &TestApp, browser: &mut Browser<'_>, devices: &[Device]) {
    let admin = app.flow.admin();
    let clients: Vec<ClientId> =
        devices.iter().map(|device| ClientId::parse(&device.kind.caller.id).unwrap()).collect();
    let edited = async |edit: flow::admin::ClientEdit| {
        for id in &clients {
            admin.edit_client(id, &edit).await.unwrap();
        }
    };
    let maria = user_name("maria");
    match level {
        Level::Nothing => {}
        Level::AccessToken | Level::RefreshToken => {
            for device in devices {
                let token = if level == Level::AccessToken { &device.access } else { &device.refresh };
                let call = device.kind.dress(app, device.kind.caller.revoke(token).without("dpop"));
                assert_eq!(call.send(app).await.status, 200);
            }
        }
        Level::Grant => {
            for grant in app.store.grants(GrantFilter::default()).await.unwrap() {
                admin.revoke_grant(grant.id).await.unwrap();
            }
        }
        Level::Family => {
            for family in app.store.families(FamilyFilter::default()).await.unwrap() {
                admin.revoke_family(family.id).await.unwrap();
            }
        }
        Level::Device => {
            for _ in devices {
                let page = browser.open("/account/devices").await;
                let page = browser.submit(&page, "/account/devices", &[("action", "remove")]).await;
                assert!(page.notice().contains("is removed"), "{}", page.notice());
            }
        }
        Level::ClientDisabled => edited(flow::admin::ClientEdit { enabled: Some(false), ..Default::default() }).await,
        Level::GrantTypes => edited(flow::admin::ClientEdit { grants: Some(Vec::new()), ..Default::default() }).await,
        Level::ClientRemoved | Level::ClientAnew => {
            for id in clients.iter().collect::<std::collections::BTreeSet<_>>() {
                let before = admin.client(id).await.unwrap();
                admin.remove_client(id).await.unwrap();
                if level == Level::ClientAnew {
                    app.add_client(before).await;
                }
            }
        }
        Level::PersonLocked => app.edit_user("maria", UserState::Locked).await,
        Level::PersonRemoved => admin.remove_user(&maria).await.unwrap(),
        Level::NotMe => {
            let mut other = app.signed_in("maria", ELSEWHERE).await;
            let page = other.open("/account").await;
            other.submit(&page, "/account", &[("action", "not_me")]).await.expect_page("account");
        }
        Level::Everywhere => {
            let page = browser.open("/account").await;
            browser.submit(&page, "/account", &[("action", "sign_out_everywhere"), ("devices", "yes")]).await;
        }
        Level::Sessions => admin.end_sessions(&maria).await.unwrap(),
        Level::Password => {
            let new = flow::Password::typed("five other words than before");
            admin.set_password(&maria, &new).await.unwrap();
        }
    }
}

/// Devices of every kind, in use on both nodes; then something is taken back on the first.
async fn ends(level: Level) {
    let (one, two) = TestApp::new().await.twice().await;
    let api = signing_client("unused", super::signed::keys(&[own()]));
    let api = Client { id: ClientId::parse("api").unwrap(), auth: AuthMethod::ClientSecretBasic, keys: None, ..api };
    let api = Caller::register_as(&one, api).await;
    let mut browser = one.signed_in("maria", HOME).await;
    let (mut devices, mut waiting) = (Vec::new(), Vec::new());
    for kind in Kind::all(&one).await {
        for _ in 0..2 {
            devices.push(kind.signed_in(&one, &mut browser).await);
        }
        waiting.push((kind.allowed(&one, &mut browser).await, kind));
    }
    for app in [&one, &two] {
        for device in &devices {
            let by_client = device.kind.caller.auth != AuthMethod::None;
            assert_eq!(device.is_active(app, &api).await, [true, by_client, by_client], "{}", device.why("before"));
            assert!(device.is_told_who(app).await, "{}", device.why("before"));
        }
    }
    one.advance(5);
    take_back(level, &one, &mut browser, &devices).await;
    if level == Level::Nothing {
        for (pair, app) in devices.chunks(2).zip([&one, &two].into_iter().cycle()) {
            assert!(pair[0].refreshes(app).await, "{}", pair[0].why("refresh"));
            assert_eq!(pair[1].is_replaced(app).await, pair[1].kind.is_proven(), "{}", pair[1].why("replacement"));
        }
        for (code, kind) in &waiting {
            assert_eq!(kind.poll(&two, code).await.status, 200);
        }
        return;
    }
    // What is issued is told at introspection and userinfo for as long as it lives; only new tokens need the grant type.
    for device in devices.iter().filter(|_| level != Level::GrantTypes) {
        for app in [&two, &one] {
            device.expect_nothing(app, &api, level).await;
        }
    }
    for device in devices.iter().filter(|_| level == Level::GrantTypes) {
        for app in [&two, &one] {
            for call in [device.kind.caller.refresh(&device.refresh), device.kind.caller.poll(&device.code)] {
                let answer = device.kind.dress(app, call).send(app).await;
                assert!(["unauthorized_client", "invalid_grant"].contains(&answer.refusal().1.as_str()));
            }
        }
    }
    // An approval that was not fetched is worth as little, unless it is no part of what was taken back.
    let apart = [Level::AccessToken, Level::RefreshToken, Level::Family, Level::Device].contains(&level);
    for (code, kind) in &waiting {
        for (nth, app) in [&two, &one].into_iter().enumerate() {
            let answer = kind.poll(app, code).await;
            assert_eq!(answer.status == 200, apart && nth == 0, "{level:?} {}: {}", kind.caller.id, answer.body());
        }
    }
}

macro_rules! levels {
    ($($name:ident: $level:ident;)*) => {$(
        #[tokio::test]
        async fn $name() {
            ends(Level::$level).await;
        }
    )*};
}

levels! {
    cf_20_oa_6_1_until_something_is_taken_back_every_path_works: Nothing;
    rv_2_1_3_rv_5_2_an_access_token_that_is_given_back_ends_all: AccessToken;
    rv_2_1_3_rv_5_2_a_refresh_token_that_is_given_back_ends_all: RefreshToken;
    rv_5_2_a_grant_that_the_operator_takes_back_ends_all: Grant;
    rv_5_2_a_family_that_the_operator_takes_back_ends_all: Family;
    sb_4_14_5_a_device_that_its_person_removes_ends_all: Device;
    df_3_4_9_a_client_that_is_switched_off_ends_all: ClientDisabled;
    df_3_4_9_a_client_that_is_removed_ends_all: ClientRemoved;
    df_3_4_9_a_client_that_comes_again_under_its_name_has_nothing_of_the_one_before: ClientAnew;
    df_3_4_9_a_client_that_may_use_no_grant_any_more_gets_no_new_token: GrantTypes;
    df_3_4_9_a_person_who_is_locked_ends_all: PersonLocked;
    df_3_4_9_a_person_who_is_removed_ends_all: PersonRemoved;
    sb_4_14_5_a_session_that_was_not_the_persons_ends_all: NotMe;
    sb_4_14_5_everywhere_with_the_devices_ends_all: Everywhere;
    sb_4_14_5_sessions_that_the_operator_ends_end_all: Sessions;
    sb_4_14_5_a_password_that_the_operator_sets_ends_all: Password;
}
