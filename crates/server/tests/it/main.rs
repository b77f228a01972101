//! The server over its own sockets. One binary, because linking is what costs time.

#[cfg(test)]
mod listen;
