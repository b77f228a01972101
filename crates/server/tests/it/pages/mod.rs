//! The pages as a browser meets them, one file for each thing a person may do, or a stranger may try.

mod account;
mod code;
mod decision;
mod devices;
mod forgery;
mod headers;
mod journey;
mod link;
mod outage;
mod sign_in;
