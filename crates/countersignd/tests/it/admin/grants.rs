use std::time::Duration;

use flow::Env;
use proto::Timestamp;
use proto::change::{Change, Commit, Row};
use proto::model::{
    Amr, Approval, ClientAddress, ClientId, CommitId, Family, FamilyId, Grant, GrantId, GrantState, Redemption, Scope,
    Session, SessionId, User, UserName,
};
use proto::secret::{DeviceCode, MacKey, SecretHash, UserCode};
use serde_json::{Value, json};
use store::{Outcome, SqliteSettings, Store};

use super::Site;

/// What stands in the store: a grant in each state, and one that is forgotten but for what it gave.
struct Grants {
    site: Site,
    pending: GrantId,
    approved: GrantId,
    denied: GrantId,
    live: GrantId,
    forgotten: GrantId,
}

/// Makes rows and commits them, as the server would have.
struct Writer {
    env: Env,
    store: Store,
    user: User,
    session: SessionId,
}

impl Writer {
    fn put(&self, row: Row) {
        let id = CommitId::draw(self.env.now(), &mut self.env.entropy());
        let commit = Commit { id, requires: Vec::new(), changes: vec![Change::Put(row)] };
        assert_eq!(wait(self.store.commit(&commit)).unwrap(), Outcome::Done);
    }

    fn grant(&self, age: Duration, state: GrantState) -> GrantId {
        let created_at = self.env.now() - age;
        let expires_at = created_at + Duration::from_secs(600);
        let code = DeviceCode::draw(expires_at, &mut self.env.entropy()).hash();
        let key = MacKey::new(proto::model::KeyId::from_bytes([0; 16]), &[0; 32].into());
        let grant = Grant {
            id: code.grant_id(),
            device_code: code,
            user_code: UserCode::draw(proto::secret::Alphabet::Base20, 8, &mut self.env.entropy()).hash(&key),
            client_id: ClientId::parse("tv").unwrap(),
            scope: Scope::parse("openid profile").unwrap(),
            resources: Vec::new(),
            dpop: None,
            code_challenge: None,
            device_name: Some("Bedroom".to_owned()),
            requester: ClientAddress::direct("192.0.2.7".parse().unwrap()),
            created_at,
            expires_at,
            interval: Duration::from_secs(1),
            hold: None,
            state,
            version: 0,
        };
        let id = grant.id;
        self.put(Row::Grant(Box::new(grant)));
        id
    }

    fn approval(&self) -> Approval {
        let now = self.env.now();
        let (user_id, session_id) = (self.user.id, self.session);
        Approval { at: now, user_id, session_id, auth_time: now, amr: vec![Amr::Password] }
    }

    fn family(&self, id: FamilyId, grant_id: GrantId, issued_at: Timestamp) {
        let family = Family {
            id,
            grant_id,
            client_id: ClientId::parse("tv").unwrap(),
            user_id: self.user.id,
            session_id: self.session,
            scope: Scope::parse("openid").unwrap(),
            resources: Vec::new(),
            dpop: None,
            device_name: None,
            requester: None,
            issued_at,
            expires_at: issued_at + Duration::from_secs(86_400),
            refresh: None,
            refreshed_at: None,
            revoked_at: None,
            version: 0,
        };
        self.put(Row::Family(Box::new(family)));
    }
}

impl Grants {
    fn new() -> Self {
        let site = Site::new();
        site.add_user("maria");
        site.add_user("peter");
        site.run(&["client", "add", "tv", "--name", "TV", "--grant", "device", "--scope", "openid", "profile"]).done();
        let env = Env::system();
        let store = wait(Store::sqlite(SqliteSettings::at(site.database()))).unwrap();
        let user = wait(store.user_by_name(&UserName::parse("maria").unwrap())).unwrap().unwrap();
        let now = env.now();
        let session = SessionId::draw(now, &mut env.entropy());
        let writer = Writer { env, store, user, session };
        writer.put(Row::Session(Box::new(Session {
            id: session,
            token: SecretHash::of(b"a session"),
            user_id: writer.user.id,
            auth_time: now,
            amr: vec![Amr::Password],
            address: ClientAddress::direct("192.0.2.8".parse().unwrap()),
            user_agent: String::new(),
            last_seen: now,
            expires_at: now + Duration::from_secs(3_600),
            ended_at: None,
            revoked: None,
            version: 0,
        })));
        let seconds = Duration::from_secs;
        let denied = GrantState::Denied { at: now, by: writer.user.id, reported: true };
        let [family_id, other] = [(); 2].map(|()| FamilyId::draw(now, &mut writer.env.entropy()));
        let redemption = Redemption { at: now, last_issue: now, family_id, replaced: false };
        let live = writer.grant(seconds(40), GrantState::Redeemed(writer.approval(), redemption));
        writer.family(family_id, live, now);
        let forgotten = GrantId::from_bytes([7; 16]);
        writer.family(other, forgotten, now - seconds(7_200));
        let grants = Self {
            pending: writer.grant(seconds(10), GrantState::Pending),
            approved: writer.grant(seconds(20), GrantState::Approved(writer.approval())),
            denied: writer.grant(seconds(30), denied),
            live,
            forgotten,
            site,
        };
        wait(writer.store.close()).unwrap();
        grants
    }

    /// Identifier and state of what is listed.
    fn list(&self, more: &[&str]) -> Vec<(String, String)> {
        let listed = self.site.json(&[&["grant", "list", "--json"], more].concat());
        listed.as_array().unwrap().iter().map(|grant| (text(grant, "id"), text(grant, "state"))).collect()
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn text(grant: &Value, member: &str) -> String {
    grant.get(member).unwrap().as_str().unwrap().to_owned()
}

fn named(expected: &[(GrantId, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(id, state)| (id.to_string(), (*state).to_owned())).collect()
}

#[test]
fn grants_are_listed_by_what_became_of_them() {
    let grants = Grants::new();
    let live = [(grants.live, "live"), (grants.forgotten, "live")];
    assert_eq!(grants.list(&[]), named(&live), "devices that hold access, the newest first");
    assert_eq!(grants.list(&["--live"]), named(&live));
    assert_eq!(grants.list(&["--pending"]), named(&[(grants.pending, "pending"), (grants.approved, "approved")]));
    let mut all = vec![(grants.pending, "pending"), (grants.approved, "approved"), (grants.denied, "reported")];
    all.extend(live);
    assert_eq!(grants.list(&["--all"]), named(&all));
    assert_eq!(grants.list(&["--all", "--user", "maria"]), named(all.get(1..).unwrap()));
    assert_eq!(grants.list(&["--all", "--user", "peter"]), []);
    assert_eq!(grants.list(&["--all", "--client", "tv", "--limit", "2"]), named(all.get(..2).unwrap()));
    assert_eq!(grants.list(&["--all", "--client", "radio"]), []);
    grants.site.run(&["grant", "list", "--user", "nobody"]).failed("there is no user nobody");
    grants.site.run(&["grant", "list", "--live", "--all"]).misused("cannot be used with");
    grants.site.run(&["grant", "list", "--limit", "0"]).misused("0 is not in");

    let table = grants.site.run(&["grant", "list"]).done().out;
    let mut lines = table.lines();
    assert!(lines.next().unwrap().starts_with("ID ") && table.lines().count() == 3, "{table}");
    let line = lines.next().unwrap();
    assert!(line.starts_with(&format!("{}  live   tv      maria  192.0.2.7  2", grants.live)), "{table}");
}

#[test]
fn a_grant_is_shown_without_its_codes() {
    let grants = Grants::new();
    let shown = grants.site.json(&["grant", "show", &grants.live.to_string(), "--json"]);
    for (member, value) in [
        ("client", json!("tv")),
        ("state", json!("live")),
        ("scopes", json!(["openid"])),
        ("user", json!("maria")),
        ("device_name", json!("Bedroom")),
        ("address", json!("192.0.2.7")),
        ("address_known", json!(true)),
        ("revoked_at", json!(null)),
    ] {
        assert_eq!(shown.get(member), Some(&value), "{member}");
    }
    assert!(text(&shown, "access_until").ends_with('Z'));
    assert!(!shown.to_string().contains("code\":"), "{shown}");
    let facts = grants.site.run(&["grant", "show", &grants.denied.to_string()]).done().out;
    assert!(facts.contains("State:              reported\nClient:             tv\n"), "{facts}");
    let unknown = GrantId::from_bytes([9; 16]).to_string();
    grants.site.run(&["grant", "show", &unknown]).failed("there is no grant grt_09");
    grants.site.run(&["grant", "show", "usr_09"]).misused("expected the prefix grt_");
}

#[test]
fn what_a_grant_gave_is_taken_back() {
    let grants = Grants::new();
    let revoke = |id: GrantId| grants.site.run(&["grant", "revoke", &id.to_string()]);
    for id in [grants.live, grants.forgotten, grants.approved] {
        let revoked = revoke(id).done();
        assert!(revoked.err.contains("event=\"revoke\"") && revoked.err.contains("administrator"), "{revoked:?}");
    }
    assert_eq!(grants.list(&[]), [], "nobody holds access");
    assert_eq!(grants.list(&["--pending"]), named(&[(grants.pending, "pending")]));
    let again = revoke(grants.live).done();
    assert!(again.err.contains("it is revoked") && !again.err.contains("audit"), "{again:?}");
    revoke(grants.forgotten).failed("there is no grant");
    let ended = revoke(grants.pending).done();
    assert!(ended.err.contains("event=\"revoke\"") && !ended.err.contains("user="), "{ended:?}");
    assert_eq!(grants.list(&["--pending"]), [], "codes that nobody decided end at once");
    assert!(revoke(grants.pending).done().err.contains("it is expired"));
    assert!(revoke(grants.denied).done().err.contains("it is reported"));
}
