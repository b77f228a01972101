//! What an attempt costs: budgets in the store, shared by all nodes, taken before the look-up that they guard.

use proto::model::ClientAddress;
use store::{Bucket, Budget};

use crate::settings::{Limits, Rate};

fn budgets(kind: &str, who: &str, rates: &[Rate]) -> impl Iterator<Item = Budget> {
    rates.iter().map(move |rate| Budget {
        bucket: Bucket(format!("{kind}/{who}/{}", rate.window.as_secs()).into()),
        limit: rate.limit,
        window: rate.window,
    })
}

/// A guess at a user code.
pub(crate) fn guess(limits: &Limits, session: &str, account: &str, browser: ClientAddress) -> Vec<Budget> {
    let mut all: Vec<Budget> = budgets("guess/session", session, &limits.guesses_per_session).collect();
    all.extend(budgets("guess/account", account, &limits.guesses_per_account));
    all.extend(budgets("guess/network", &browser.network().to_string(), &limits.guesses_per_network));
    if let Some(site) = browser.site() {
        all.extend(budgets("guess/site", &site.to_string(), &limits.guesses_per_site));
    }
    all
}

/// An attempt to register a client.
pub(crate) fn registration(limits: &Limits, requester: ClientAddress) -> Vec<Budget> {
    let network = requester.network().to_string();
    let mut all: Vec<Budget> = budgets("register/network", &network, &limits.registrations_per_network).collect();
    if let Some(site) = requester.site() {
        all.extend(budgets("register/site", &site.to_string(), &limits.registrations_per_site));
    }
    all
}

/// An attempt to sign in. `account` is the name as typed: names that do not exist are counted like those that do.
pub(crate) fn sign_in(limits: &Limits, account: &str, browser: ClientAddress) -> Vec<Budget> {
    let mut all: Vec<Budget> = budgets("sign-in/account", account, &limits.sign_ins_per_account).collect();
    all.extend(budgets("sign-in/network", &browser.network().to_string(), &limits.sign_ins_per_network));
    if let Some(site) = browser.site() {
        all.extend(budgets("sign-in/site", &site.to_string(), &limits.sign_ins_per_site));
    }
    all
}
