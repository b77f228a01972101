//! The endpoints of the protocol, in process: every method, parameter, client and state, to the byte.

mod audit;
mod authentication;
mod authorization;
mod canary;
mod client_keys;
mod codes;
mod cors;
mod discovery;
mod dpop;
mod faults;
mod foreign;
mod held;
mod identity;
mod introspect;
mod methods;
mod nonces;
mod parameters;
mod random;
mod refresh;
mod revoke;
mod rotation;
mod signed;
mod success;
mod support;
