//! One sample of every page and state, for the gallery, and for tests that must see them all.

use std::time::Duration;

use askama::Template;

use super::{
    AccountNotice, AccountPage, Application, CodeKind, CodeNotice, CodePage, DecisionPage, DecisionProblem,
    DeviceProblem, DeviceRow, DevicesNotice, DevicesPage, DonePage, ErrorKind, ErrorPage, Mistake, Network, Origin,
    Outcome, PasswordProblem, Permission, Plain, Purpose, SessionRow, ShownCode, SignInNotice, SignInPage,
    SignInProblem, Site, When,
};

/// A rendered sample.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Page and state: `code-vowel`.
    pub name: String,
    /// The page.
    pub html: String,
}

/// A text that tries everything a stranger's text can try: markup, template syntax, turning text around, hiding, length.
pub const HOSTILE: &str = "</bdi></h1>\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}\u{202e}evil\u{2066}\u{200b}\r\n\u{0}";

const CSRF: &str = "sample-csrf";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1";

/// Every page in every state.
///
/// # Errors
/// When a template does not render, which is a mistake in this crate.
pub fn all(site: &Site) -> Result<Vec<Sample>, askama::Error> {
    let mut samples = Samples::default();
    codes(site, &mut samples)?;
    sign_ins(site, &mut samples)?;
    decisions(site, &mut samples)?;
    outcomes(site, &mut samples)?;
    errors(site, &mut samples)?;
    accounts(site, &mut samples)?;
    devices(site, &mut samples)?;
    Ok(samples.0)
}

#[derive(Default)]
struct Samples(Vec<Sample>);

impl Samples {
    fn add(&mut self, name: impl Into<String>, page: &impl Template) -> Result<(), askama::Error> {
        self.0.push(Sample { name: name.into(), html: page.render()? });
        Ok(())
    }
}

fn codes(site: &Site, samples: &mut Samples) -> Result<(), askama::Error> {
    let page = code(site);
    samples.add("code", &page)?;
    samples.add("code-digits", &CodePage { kind: CodeKind::Digits, ..page.clone() })?;
    samples.add("code-signed-in", &CodePage { account: Some("maria".into()), ..page.clone() })?;
    samples.add("code-type-it", &CodePage { notice: Some(CodeNotice::TypeItYourself), ..page.clone() })?;
    let wait = Duration::from_secs(110);
    for (name, typed, mistake) in [
        ("digit", "WDJB-MJHS", Mistake::DigitRead { found: '5', read_as: 'S' }),
        ("empty", "", Mistake::Empty),
        ("vowel", "WDJB-MJHO", Mistake::HasVowel { found: 'O', perhaps: Some('Q') }),
        ("vowel-alone", "WDJB-MJHA", Mistake::HasVowel { found: 'A', perhaps: None }),
        ("other", "WDJB+MJHT", Mistake::NotInAlphabet { found: '+' }),
        ("unseen", "WDJBMJHT", Mistake::NotInAlphabet { found: '\u{202e}' }),
        ("short", "WDJB-MJH", Mistake::TooShort { missing: 1 }),
        ("long", "WDJB-MJHT-WDJB-MJHT", Mistake::TooLong),
        ("tries", "WDJB-MJHT", Mistake::TooManyTries { wait }),
        ("unusable", "WDJB-MJHT", Mistake::Unusable),
        ("hostile", HOSTILE, Mistake::NotInAlphabet { found: '<' }),
    ] {
        let user_code = Plain::typed(typed);
        samples.add(format!("code-{name}"), &CodePage { user_code, mistake: Some(mistake), ..page.clone() })?;
    }
    Ok(())
}

fn sign_ins(site: &Site, samples: &mut Samples) -> Result<(), askama::Error> {
    let page = SignInPage {
        site,
        csrf: CSRF,
        purpose: Purpose::Device,
        username: Plain::default(),
        problem: None,
        notice: None,
    };
    samples.add("sign-in", &page)?;
    let account = SignInPage { purpose: Purpose::Account, ..page.clone() };
    for (name, notice) in [
        ("ended", SignInNotice::SessionEnded),
        ("out", SignInNotice::SignedOut),
        ("everywhere", SignInNotice::SignedOutEverywhere { devices: false }),
        ("everywhere-devices", SignInNotice::SignedOutEverywhere { devices: true }),
    ] {
        samples.add(format!("sign-in-{name}"), &SignInPage { notice: Some(notice), ..account.clone() })?;
    }
    for (name, username, problem) in [
        ("missing", "", SignInProblem::Missing),
        ("wrong", "maria", SignInProblem::NotRight),
        ("tries", "maria", SignInProblem::TooManyTries { wait: Duration::from_secs(120) }),
        ("hostile", HOSTILE, SignInProblem::NotRight),
    ] {
        let username = Plain::typed(username);
        samples.add(format!("sign-in-{name}"), &SignInPage { username, problem: Some(problem), ..page.clone() })?;
    }
    Ok(())
}

fn decisions(site: &Site, samples: &mut Samples) -> Result<(), askama::Error> {
    let page = decision(site);
    samples.add("decision", &page)?;
    let by_link = DecisionPage {
        link_code: Some(ShownCode::new("WDJB-MJHT")),
        origin: Origin { network: Network::Different, address: "203.0.113.77".into(), ..page.origin.clone() },
        ..page.clone()
    };
    samples.add("decision-link", &by_link)?;
    for (name, problem) in [
        ("changed", DecisionProblem::Changed),
        ("unconfirmed", DecisionProblem::NotConfirmed),
        ("again", DecisionProblem::TryAgain),
    ] {
        samples.add(format!("decision-{name}"), &DecisionPage { problem: Some(problem), ..by_link.clone() })?;
    }
    let unverified = DecisionPage {
        application: Application::new("Acme Media Player", "c-7f3a9b2e", false),
        device_name: None,
        permissions: Permission::of_all(["openid", "files:read"]),
        link_code: Some(ShownCode::new("BCD-FGHJ-KLM")),
        ..page.clone()
    };
    samples.add("decision-unverified", &unverified)?;
    let resources = vec![Plain::name("photos.example.com"), Plain::name("files.example.com/archive")];
    samples.add("decision-resources", &DecisionPage { resources, ..page.clone() })?;
    samples.add("decision-nothing", &DecisionPage { permissions: Vec::new(), ..page.clone() })?;
    let foreign =
        DecisionPage { application: Application::new("تلفاز غرفة الجلوس", "tv", true), ..page.clone() };
    samples.add("decision-rtl", &foreign)?;
    let hostile = DecisionPage {
        account: HOSTILE.into(),
        application: Application::new(HOSTILE, HOSTILE, false),
        device_name: Some(HOSTILE.into()),
        origin: Origin {
            started: Duration::ZERO,
            remaining: Duration::ZERO,
            address: HOSTILE.into(),
            network: Network::Different,
        },
        link_code: Some(ShownCode::new(HOSTILE)),
        permissions: Permission::of_all([HOSTILE]),
        resources: vec![Plain::name(HOSTILE)],
        ..page
    };
    samples.add("decision-hostile", &hostile)
}

fn outcomes(site: &Site, samples: &mut Samples) -> Result<(), askama::Error> {
    for (name, outcome, when) in [
        ("approved", Outcome::Approved, When::Now),
        ("approved-before", Outcome::Approved, When::Before),
        ("denied", Outcome::Denied { reported: false }, When::Now),
        ("denied-before", Outcome::Denied { reported: false }, When::Before),
        ("reported", Outcome::Denied { reported: true }, When::Now),
        ("expired", Outcome::Expired, When::Now),
    ] {
        let page = DonePage { site, application: "Living-room TV".into(), outcome, when };
        samples.add(format!("done-{name}"), &page)?;
    }
    let hostile = DonePage { site, application: HOSTILE.into(), outcome: Outcome::Approved, when: When::Now };
    samples.add("done-hostile", &hostile)?;
    samples.add("done-unnamed", &DonePage { application: Plain::default(), ..hostile })
}

fn errors(site: &Site, samples: &mut Samples) -> Result<(), askama::Error> {
    for (name, kind) in [
        ("bad-form", ErrorKind::BadForm),
        ("busy", ErrorKind::Busy { wait: None }),
        ("busy-wait", ErrorKind::Busy { wait: Some(Duration::from_secs(30)) }),
        ("not-found", ErrorKind::NotFound),
        ("old-form", ErrorKind::OldForm),
        ("ours", ErrorKind::Ours),
        ("too-large", ErrorKind::TooLarge),
        ("wrong-method", ErrorKind::WrongMethod),
    ] {
        samples.add(format!("error-{name}"), &ErrorPage { site, kind, request_id: "k7f2-9qxd".into() })?;
    }
    samples.add("error-hostile", &ErrorPage { site, kind: ErrorKind::Ours, request_id: HOSTILE.into() })
}

fn accounts(site: &Site, samples: &mut Samples) -> Result<(), askama::Error> {
    let page = account(site);
    samples.add("account", &page)?;
    for (name, notice) in [
        ("changed", AccountNotice::PasswordChanged { others_ended: true }),
        ("changed-only", AccountNotice::PasswordChanged { others_ended: false }),
        ("ended", AccountNotice::SessionEnded),
        ("gone", AccountNotice::SessionGone),
        ("reported", AccountNotice::SessionReported),
    ] {
        samples.add(format!("account-{name}"), &AccountPage { notice: Some(notice), ..page.clone() })?;
    }
    for (name, problem) in [
        ("common", PasswordProblem::Common),
        ("holds-name", PasswordProblem::HoldsName),
        ("missing", PasswordProblem::Missing),
        ("same", PasswordProblem::Same),
        ("long", PasswordProblem::TooLong),
        ("tries", PasswordProblem::TooManyTries { wait: Duration::from_secs(600) }),
        ("short", PasswordProblem::TooShort),
        ("wrong", PasswordProblem::WrongCurrent),
    ] {
        samples.add(format!("account-{name}"), &AccountPage { problem: Some(problem), ..page.clone() })?;
    }
    let row = SessionRow::new("c", HOSTILE, HOSTILE, Duration::ZERO, Duration::ZERO);
    let sessions = vec![row.clone().here(), row];
    samples.add("account-hostile", &AccountPage { account: HOSTILE.into(), sessions, ..page })
}

fn devices(site: &Site, samples: &mut Samples) -> Result<(), askama::Error> {
    let page = devices_page(site);
    samples.add("devices", &page)?;
    samples.add("devices-none", &DevicesPage { devices: Vec::new(), ..page.clone() })?;
    let name = "Screen upstairs".to_owned();
    for (name, notice) in [
        ("gone", DevicesNotice::Gone),
        ("removed", DevicesNotice::Removed { name: name.clone() }),
        ("removed-rtl", DevicesNotice::Removed { name: "تلفاز غرفة الجلوس".to_owned() }),
        ("renamed", DevicesNotice::Renamed { name }),
    ] {
        samples.add(format!("devices-{name}"), &DevicesPage { notice: Some(notice), ..page.clone() })?;
    }
    for (name, typed, problem) in [
        ("long", "The screen upstairs beside the window that looks out on the garden", DeviceProblem::NameTooLong),
        ("not-removed", "Bravia upstairs", DeviceProblem::NotRemoved),
        ("not-renamed", "Screen upstairs", DeviceProblem::NotRenamed),
    ] {
        let mut page = page.clone();
        if let Some(device) = page.devices.get_mut(1) {
            device.problem = Some(problem);
            device.typed = Plain::typed(typed);
        }
        samples.add(format!("devices-{name}"), &page)?;
    }
    let hostile = DeviceRow {
        handle: "d".to_owned(),
        name: HOSTILE.into(),
        application: Application::new(HOSTILE, HOSTILE, false),
        address: Some(HOSTILE.into()),
        connected: Duration::ZERO,
        used: Some(Duration::ZERO),
        until: Some(Duration::ZERO),
        permissions: Permission::of_all([HOSTILE]),
        resources: vec![Plain::name(HOSTILE)],
        problem: Some(DeviceProblem::NameTooLong),
        typed: Plain::typed(HOSTILE),
    };
    samples.add("devices-hostile", &DevicesPage { account: HOSTILE.into(), devices: vec![hostile], ..page })
}

fn code(site: &Site) -> CodePage<'_> {
    CodePage {
        site,
        csrf: CSRF,
        kind: CodeKind::Letters,
        user_code: Plain::default(),
        mistake: None,
        notice: None,
        account: None,
    }
}

fn decision(site: &Site) -> DecisionPage<'_> {
    DecisionPage {
        site,
        csrf: CSRF,
        sign_out_csrf: CSRF,
        handle: "sample-handle",
        account: "maria".into(),
        application: Application::new("Living-room TV", "tv", true),
        device_name: Some("Bravia upstairs".into()),
        origin: Origin {
            started: Duration::from_secs(40),
            remaining: Duration::from_secs(560),
            address: "198.51.100.24".into(),
            network: Network::Same,
        },
        link_code: None,
        permissions: Permission::of_all(["openid", "profile", "offline_access"]),
        resources: Vec::new(),
        problem: None,
    }
}

fn account(site: &Site) -> AccountPage<'_> {
    let minutes = |count: u64| Duration::from_secs(count.saturating_mul(60));
    AccountPage {
        site,
        csrf: CSRF,
        sign_out_csrf: CSRF,
        account: "maria".into(),
        sessions: vec![
            SessionRow::new("a", FIREFOX, "198.51.100.24", minutes(12), Duration::ZERO).here(),
            SessionRow::new("b", SAFARI, "2001:db8:4:7::52", minutes(3000), minutes(190)),
        ],
        least: 15,
        problem: None,
        notice: None,
    }
}

fn devices_page(site: &Site) -> DevicesPage<'_> {
    let minutes = |count: u64| Duration::from_secs(count.saturating_mul(60));
    let television = DeviceRow {
        handle: "a".to_owned(),
        name: "Bravia upstairs".into(),
        application: Application::new("Living-room TV", "tv", true),
        address: Some("198.51.100.24".into()),
        connected: minutes(4_500),
        used: Some(minutes(12)),
        until: None,
        permissions: Permission::of_all(["openid", "profile", "offline_access"]),
        resources: vec![Plain::name("photos.example.com")],
        problem: None,
        typed: "Bravia upstairs".into(),
    };
    let terminal = DeviceRow {
        handle: "b".to_owned(),
        name: Plain::default(),
        application: Application::new("Deploy tool", "deploy", true),
        address: Some("2001:db8:4:7::52".into()),
        connected: minutes(2),
        used: None,
        until: Some(minutes(8)),
        permissions: Permission::of_all(["openid", "files:read"]),
        resources: Vec::new(),
        typed: Plain::default(),
        ..television
    };
    let player = DeviceRow {
        handle: "c".to_owned(),
        name: "Kitchen".into(),
        application: Application::new("Acme Media Player", "c-7f3a9b2e", false),
        address: None,
        connected: minutes(30_000),
        typed: "Kitchen".into(),
        ..television.clone()
    };
    DevicesPage { site, csrf: CSRF, account: "maria".into(), devices: vec![terminal, television, player], notice: None }
}
