//! The page of devices: what has access to the account, for how long and for what.

use std::time::Duration;

use askama::Template;
use serde::{Deserialize, Serialize};

use super::{Application, Permission, PermissionKind, Plain, Site};
use crate::pages::text::{devices as text, time};

/// `/account/devices`: what has access to the account, to be named and removed.
#[derive(Clone, Debug, Template)]
#[template(path = "devices.html")]
pub struct DevicesPage<'a> {
    /// The frame.
    pub site: &'a Site,
    /// Token of the forms for `POST /account/devices`.
    pub csrf: &'a str,
    /// Who is signed in.
    pub account: Plain,
    /// What has access, the newest first.
    pub devices: Vec<DeviceRow>,
    /// What was just done.
    pub notice: Option<DevicesNotice>,
}

/// One device that has access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    /// Handle of the device in the form.
    pub handle: String,
    /// What it is called; empty when it is called nothing.
    pub name: Plain,
    /// Its application.
    pub application: Application,
    /// Where it was when it was connected, if that is known.
    pub address: Option<Plain>,
    /// How long ago its access began.
    pub connected: Duration,
    /// How long ago it renewed its access, if it ever did.
    pub used: Option<Duration>,
    /// How long until its access ends; `None` when it lasts.
    pub until: Option<Duration>,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// Which APIs that is limited to; none: whatever takes tokens of this service.
    pub resources: Vec<Plain>,
    /// What was not done to it just now.
    pub problem: Option<DeviceProblem>,
    /// What stands in the field for its name.
    pub typed: Plain,
}

/// What was not done to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceProblem {
    /// The new name is too long.
    NameTooLong,
    /// It could not be removed just now.
    NotRemoved,
    /// The new name could not be stored just now.
    NotRenamed,
}

/// What was just done on the page of devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DevicesNotice {
    /// The device had no access any more.
    Gone,
    /// A device lost its access.
    Removed {
        /// What it was called, cleaned.
        name: String,
    },
    /// A device is called something else.
    Renamed {
        /// What it is called now, cleaned.
        name: String,
    },
}

impl DeviceRow {
    /// What to call it: the application stands in for a device without a name.
    #[must_use]
    pub fn called(&self) -> &str {
        if self.name.is_empty() { self.application.name.as_str() } else { self.name.as_str() }
    }

    /// Whether there is more to say about the application than stands in the heading.
    fn tells_application(&self) -> bool {
        self.name != self.application.name && !self.name.is_empty() || !self.application.verified
    }

    fn connected(&self) -> String {
        time::ago(self.connected)
    }

    fn used(&self) -> Option<String> {
        self.used.map(time::ago)
    }

    fn ends(&self) -> Option<String> {
        self.until.map(text::ends)
    }

    /// What it may do; that access lasts is said of those only whose access does.
    fn permissions(&self) -> impl Iterator<Item = &Permission> {
        self.permissions.iter().filter(|can| self.until.is_none() || can.kind != PermissionKind::Lasting)
    }

    fn name_problem(&self) -> Option<String> {
        self.problem.filter(|problem| *problem != DeviceProblem::NotRemoved).map(text::problem)
    }

    fn removal_problem(&self) -> Option<String> {
        self.problem.filter(|problem| *problem == DeviceProblem::NotRemoved).map(text::problem)
    }
}

impl DevicesPage<'_> {
    fn title(&self) -> String {
        let problem = self.devices.iter().find_map(|device| device.problem);
        problem.map_or_else(|| text::HEADING.to_owned(), text::title_with_problem)
    }

    fn notice_text(&self) -> Option<String> {
        self.notice.as_ref().map(text::notice)
    }
}
