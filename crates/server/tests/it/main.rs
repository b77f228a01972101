//! The server: over its own sockets, and in process. One binary, because linking is what costs time.

#[cfg(test)]
mod http;
#[cfg(test)]
mod interrupted;
#[cfg(test)]
mod listen;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod quiet;
#[cfg(test)]
mod support;
