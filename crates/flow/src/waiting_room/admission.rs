//! A grant on its way into the room, while it is being written.

use proto::model::Grant;

use super::{Reservation, WaitingRoom};

/// The place of a grant that is being written. When it is dropped the grant is let in: a request that is given up
/// between the write and its reply must not be a way around the caps.
pub struct Admission<'a> {
    room: &'a WaitingRoom,
    reservation: Option<Reservation<'a>>,
    grant: Option<Grant>,
}

impl WaitingRoom {
    /// Keeps the place of `reservation` for what will be written.
    #[must_use]
    pub const fn admission<'a>(&'a self, reservation: Reservation<'a>) -> Admission<'a> {
        Admission { room: self, reservation: Some(reservation), grant: None }
    }
}

impl Admission<'_> {
    /// This grant is written next; one that was tried before was not.
    pub fn writes(&mut self, grant: &Grant) {
        self.grant = Some(grant.clone());
    }

    /// Nothing was written: the place is given back.
    pub fn withdraw(mut self) {
        self.grant = None;
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if let (Some(grant), Some(reservation)) = (self.grant.take(), self.reservation.take()) {
            self.room.admit(&grant, reservation);
        }
    }
}
