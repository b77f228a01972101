//! What every request is served with: built once at start by the binary.

use std::sync::Arc;

use flow::Flow;

use crate::address::TrustedProxies;
use crate::assets::{Assets, Brand};
use crate::pages::view::Site;
use crate::telemetry::Metrics;

/// What the operator decided about the outside of the server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of the service on the pages.
    pub name: String,
    /// Logo and accent colour.
    pub brand: Brand,
    /// Address of the help page, if there is one.
    pub help: Option<String>,
    /// Proxies whose forwarding headers count.
    pub trusted_proxies: TrustedProxies,
}

/// The application behind the listeners.
pub struct App {
    pub(crate) flow: Arc<Flow>,
    pub(crate) assets: Assets,
    pub(crate) site: Site,
    pub(crate) proxies: TrustedProxies,
    pub(crate) metrics: Arc<Metrics>,
    /// Scheme and authority of the issuer: what an honest `Origin` header says.
    pub(crate) origin: String,
    /// Path of the issuer, empty or `/id`.
    pub(crate) base: String,
    /// Whether the issuer is https: cookies get `__Host-` and `Secure`, replies HSTS.
    pub(crate) secure: bool,
}

impl App {
    /// An application that serves `flow`.
    #[must_use]
    pub fn new(flow: Arc<Flow>, settings: Settings, metrics: Arc<Metrics>) -> Self {
        let issuer = flow.settings().issuer.clone();
        let authority_at = issuer.find("://").map_or(0, |at| at + 3);
        let path_at =
            issuer.get(authority_at..).and_then(|rest| rest.find('/')).map_or(issuer.len(), |at| authority_at + at);
        let (origin, base) = issuer.split_at_checked(path_at).unwrap_or((&issuer, ""));
        let assets = Assets::new(&settings.brand);
        let site = Site::new(base, &settings.name, &assets);
        let site = match &settings.help {
            Some(help) => site.with_help(help),
            None => site,
        };
        Self {
            secure: origin.starts_with("https://"),
            origin: origin.to_owned(),
            base: base.to_owned(),
            flow,
            assets,
            site,
            proxies: settings.trusted_proxies,
            metrics,
        }
    }

    /// Answers every held poll, so that connections can end.
    pub fn close(&self) {
        self.flow.close();
    }
}
