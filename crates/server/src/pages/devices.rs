//! `GET` and `POST /account/devices`: what has access to the person's account, to be named and removed.
//!
//! A device that is somebody else's is answered like one that never was.

use flow::{Device, RenameFailure, SignedIn, Unavailable};
use http::StatusCode;
use proto::model::{Family, FamilyId};
use proto::wire::form::Form;

use super::cookies::{Flash, Next, Visit};
use super::csrf::{self, Action};
use super::view::{Application, DeviceProblem, DeviceRow, DevicesNotice, DevicesPage, Permission, Plain, field};
use super::{decision, error, person};
use crate::reply::Reply;
use crate::request::Ask;
use crate::telemetry::{AuditEvent, RevokedBy};

pub(crate) async fn get(ask: &Ask<'_>) -> Reply {
    let visit = Visit::of(ask);
    match person::of(ask).await {
        Ok(Some(person)) => page(ask, visit, &person, None).await.unwrap_or_else(|_| error::unavailable(ask)),
        Ok(None) => person::sign_in_first(ask, visit, Next::Devices),
        Err(_) => error::unavailable(ask),
    }
}

pub(crate) async fn post(ask: &Ask<'_>, form: &Form<'_>) -> Reply {
    let visit = Visit::of(ask);
    match person::of(ask).await {
        Ok(Some(person)) if is_own(ask, form, &person) => {
            act(ask, visit, &person, form).await.unwrap_or_else(|_| error::unavailable(ask))
        }
        Ok(Some(_)) => error::forbidden(ask),
        Ok(None) => person::sign_in_first(ask, visit, Next::Devices),
        Err(_) => error::unavailable(ask),
    }
}

/// Why nothing was done to a device, and the name that was typed for it.
struct Undone<'a> {
    device: FamilyId,
    problem: DeviceProblem,
    typed: Option<&'a str>,
}

fn is_own(ask: &Ask<'_>, form: &Form<'_>, person: &SignedIn) -> bool {
    csrf::fits_person(ask, form, Action::Devices, person) && csrf::has_companion(ask, person)
}

async fn act(ask: &Ask<'_>, visit: Visit, person: &SignedIn, form: &Form<'_>) -> Result<Reply, Unavailable> {
    let act = match form.get(field::ACTION) {
        Some("remove") => None,
        Some("rename") => Some(form.get(field::NAME).unwrap_or_default()),
        _ => return Ok(error::unreadable(ask, StatusCode::BAD_REQUEST)),
    };
    let named = form.get(field::DEVICE).and_then(|text| text.parse::<FamilyId>().ok());
    let own = ask.flow().devices(person).await?;
    let Some(device) = own.iter().find(|device| Some(device.family.id) == named) else {
        return Ok(back(ask, visit, DevicesNotice::Gone));
    };
    match act {
        None => remove(ask, visit, person, device).await,
        Some(name) => rename(ask, visit, person, device, name).await,
    }
}

/// Back to the page, which says what was done.
fn back(ask: &Ask<'_>, mut visit: Visit, notice: DevicesNotice) -> Reply {
    visit.flash = Some(Flash::Devices(notice));
    visit.go(ask, Next::Devices.path())
}

async fn remove(ask: &Ask<'_>, visit: Visit, person: &SignedIn, device: &Device) -> Result<Reply, Unavailable> {
    let Family { id, client_id, grant_id, .. } = &device.family;
    match ask.flow().remove_device(person, *id).await {
        Ok(true) => {
            let (by, approver) = (RevokedBy::Person, Some(ask.address));
            let user = person.user.id;
            ask.audit(&AuditEvent::Revoke { client: client_id, grant: *grant_id, user: Some(user), by, approver });
            let name = row(ask, device).called().to_owned();
            Ok(back(ask, visit, DevicesNotice::Removed { name }))
        }
        Ok(false) => Ok(back(ask, visit, DevicesNotice::Gone)),
        Err(_) => {
            let undone = Undone { device: *id, problem: DeviceProblem::NotRemoved, typed: None };
            page(ask, visit, person, Some(undone)).await
        }
    }
}

async fn rename(
    ask: &Ask<'_>,
    visit: Visit,
    person: &SignedIn,
    device: &Device,
    name: &str,
) -> Result<Reply, Unavailable> {
    let problem = match ask.flow().rename_device(person, device.family.id, name).await {
        Ok(()) => {
            let row = row(ask, device);
            let name = DeviceRow { name: Plain::name(name), ..row }.called().to_owned();
            return Ok(back(ask, visit, DevicesNotice::Renamed { name }));
        }
        Err(RenameFailure::Unknown) => return Ok(back(ask, visit, DevicesNotice::Gone)),
        Err(RenameFailure::TooLong) => DeviceProblem::NameTooLong,
        Err(RenameFailure::Unavailable(_)) => DeviceProblem::NotRenamed,
    };
    page(ask, visit, person, Some(Undone { device: device.family.id, problem, typed: Some(name) })).await
}

async fn page(
    ask: &Ask<'_>,
    mut visit: Visit,
    person: &SignedIn,
    undone: Option<Undone<'_>>,
) -> Result<Reply, Unavailable> {
    let devices = ask.flow().devices(person).await?;
    let notice = match visit.flash.take() {
        Some(Flash::Devices(notice)) => Some(notice),
        _ => None,
    };
    let status = match undone.as_ref().map(|undone| undone.problem) {
        None => StatusCode::OK,
        Some(DeviceProblem::NameTooLong) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(DeviceProblem::NotRemoved | DeviceProblem::NotRenamed) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let page = DevicesPage {
        site: &ask.app.site,
        csrf: &csrf::of_person(ask, Action::Devices, person),
        account: Plain::name(person.user.name.as_str()),
        devices: devices.iter().map(|device| row_with(ask, device, undone.as_ref())).collect(),
        notice,
    };
    Ok(visit.keep(ask, super::show(ask, status, &page)))
}

fn row_with(ask: &Ask<'_>, device: &Device, undone: Option<&Undone<'_>>) -> DeviceRow {
    let row = row(ask, device);
    match undone.filter(|undone| undone.device == device.family.id) {
        Some(Undone { problem, typed, .. }) => {
            let typed = typed.map_or_else(|| row.typed.clone(), Plain::typed);
            DeviceRow { problem: Some(*problem), typed, ..row }
        }
        None => row,
    }
}

fn row(ask: &Ask<'_>, device: &Device) -> DeviceRow {
    let Device { family, client } = device;
    let now = ask.flow().now();
    let name = Plain::name(family.device_name.as_deref().unwrap_or_default());
    let application = match client {
        Some(client) => Application::new(&client.name, client.id.as_str(), client.verified),
        None => Application::new("", family.client_id.as_str(), false),
    };
    DeviceRow {
        handle: family.id.to_string(),
        typed: name.clone(),
        name,
        application,
        address: family.requester.map(decision::address),
        connected: now.since(family.issued_at),
        used: family.refreshed_at.map(|at| now.since(at)),
        until: family.refresh.is_none().then(|| family.expires_at.since(now)),
        permissions: Permission::of_all(family.scope.iter()),
        resources: family.resources.iter().map(decision::resource).collect(),
        problem: None,
    }
}
