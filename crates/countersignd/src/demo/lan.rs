//! `--lan`: the machine's address in the local network, and a certificate made for it and for this run.

use std::net::{IpAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rcgen::{CertificateParams, KeyPair};
use server::listen::Tls;

/// A certificate that nobody but this demo's own device trusts.
pub(super) struct Certificate {
    pub(super) pem: String,
    pub(super) tls: Arc<Tls>,
}

/// The address from which this machine would speak to others. Nothing is sent.
pub(super) fn address() -> std::io::Result<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    // An address for documentation (RFC 5737): connecting a datagram socket only asks the routing table.
    socket.connect("192.0.2.1:9")?;
    Ok(socket.local_addr()?.ip())
}

impl Certificate {
    /// Makes one for `host`; its files are kept in `folder`.
    pub(super) fn make(host: IpAddr, folder: &Path) -> anyhow::Result<Self> {
        let key = KeyPair::generate().context("no key can be made")?;
        let certificate = CertificateParams::new(vec![host.to_string()])?.self_signed(&key)?;
        let (chain, private) = (folder.join("certificate.pem"), folder.join("certificate.key"));
        std::fs::write(&chain, certificate.pem())?;
        std::fs::write(&private, key.serialize_pem())?;
        let tls = Tls::from_pem_files(chain, private)?;
        Ok(Self { pem: certificate.pem(), tls })
    }
}
