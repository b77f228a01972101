//! Tables and properties of the client address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use proto::model::{AddressOrigin, ClientAddress};

use super::{AddressBlock, InvalidBlock, TrustedProxies, strip_forwarding};

fn trusted(blocks: &[&str]) -> TrustedProxies {
    TrustedProxies::parse(blocks).unwrap()
}

fn headers(lines: &[&[u8]]) -> HeaderMap {
    lines.iter().map(|line| (super::X_FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap())).collect()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn blocks_are_read_and_shown() {
    for (text, shown) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("127.0.0.1", "127.0.0.1/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("192.168.1.128/25", "192.168.1.128/25"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("::1", "::1/128"),
        ("::/0", "::/0"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:192.0.2.1", "192.0.2.1/32"),
    ] {
        assert_eq!(text.parse::<AddressBlock>().unwrap().to_string(), shown, "{text}");
    }
}

#[test]
fn a_bad_block_is_explained() {
    for (text, says) in [
        ("proxy.example", "“proxy.example” is not an IP address; write a block such as 10.0.0.0/8 or 2001:db8::/32"),
        ("", "“” is not an IP address; write a block such as 10.0.0.0/8 or 2001:db8::/32"),
        ("10.0.0.0/33", "“/33” is not a length of an IPv4 block (0 to 32)"),
        ("10.0.0.0/", "“/” is not a length of an IPv4 block (0 to 32)"),
        ("10.0.0.0/+8", "“/+8” is not a length of an IPv4 block (0 to 32)"),
        ("10.0.0.0/255.0.0.0", "“/255.0.0.0” is not a length of an IPv4 block (0 to 32)"),
        ("2001:db8::/129", "“/129” is not a length of an IPv6 block (0 to 128)"),
        ("10.1.0.0/8", "10.1.0.0/8 has bits set beyond its length; did you mean 10.0.0.0/8?"),
        ("2001:db8::1/64", "2001:db8::1/64 has bits set beyond its length; did you mean 2001:db8::/64?"),
        ("fe80::1%eth0", "“fe80::1%eth0” is not an IP address; write a block such as 10.0.0.0/8 or 2001:db8::/32"),
    ] {
        let error: InvalidBlock = text.parse::<AddressBlock>().unwrap_err();
        assert_eq!(error.to_string(), says);
    }
}

#[test]
fn sb_4_13_1_a_forwarding_header_is_read_only_from_a_trusted_peer() {
    let proxies = trusted(&["10.0.0.0/8"]);
    let claimed = headers(&[b"198.51.100.1"]);
    assert_eq!(proxies.client_address(ip("203.0.113.9"), &claimed), ClientAddress::direct(ip("203.0.113.9")));
    assert_eq!(
        TrustedProxies::default().client_address(ip("10.0.0.1"), &claimed),
        ClientAddress::direct(ip("10.0.0.1"))
    );
    let forwarded = proxies.client_address(ip("10.0.0.1"), &claimed);
    assert_eq!(forwarded, ClientAddress { ip: ip("198.51.100.1"), origin: AddressOrigin::Forwarded });
    let mapped = proxies.client_address(ip("::ffff:10.0.0.1"), &claimed);
    assert_eq!(mapped, forwarded, "a dual-stack socket shows IPv4 peers as mapped");
}

#[test]
fn sb_4_13_1_the_client_is_the_right_most_entry_that_is_no_trusted_proxy() {
    use AddressOrigin::{Forwarded, Unknown};
    let proxies = trusted(&["10.0.0.0/8", "2001:db8:ff::/48"]);
    let cases: &[(&[&[u8]], &str, AddressOrigin)] = &[
        (&[b"198.51.100.1"], "198.51.100.1", Forwarded),
        (&[b"6.6.6.6, 198.51.100.1"], "198.51.100.1", Forwarded),
        (&[b"6.6.6.6, 198.51.100.1, 10.0.0.2"], "198.51.100.1", Forwarded),
        (&[b"6.6.6.6", b"198.51.100.1, 10.2.3.4"], "198.51.100.1", Forwarded),
        (&[b"198.51.100.1", b"10.2.3.4", b"2001:db8:ff::5"], "198.51.100.1", Forwarded),
        (&[b"  198.51.100.1\t,10.0.0.2 "], "198.51.100.1", Forwarded),
        (&[b"198.51.100.1:49152"], "198.51.100.1", Forwarded),
        (&[b"[2001:db8::7]:443"], "2001:db8::7", Forwarded),
        (&[b"[2001:db8::7]"], "2001:db8::7", Forwarded),
        (&[b"2001:db8::7"], "2001:db8::7", Forwarded),
        (&[b"::ffff:198.51.100.1"], "198.51.100.1", Forwarded),
        (&[b"::ffff:10.9.9.9, 198.51.100.1, ::ffff:10.1.1.1"], "198.51.100.1", Forwarded),
        // What stands left of the client is the client's own text and is not read.
        (&[b"unknown, \xff, 198.51.100.1"], "198.51.100.1", Forwarded),
        // Nothing but trusted proxies: the left-most began the chain.
        (&[b"10.0.0.7, 10.0.0.2"], "10.0.0.7", Forwarded),
        (&[], "10.0.0.1", Unknown),
        (&[b""], "10.0.0.1", Unknown),
        (&[b"unknown"], "10.0.0.1", Unknown),
        (&[b"198.51.100.1, unknown"], "10.0.0.1", Unknown),
        (&[b"198.51.100.1,"], "10.0.0.1", Unknown),
        (&[b"198.51.100.1, , 10.0.0.2"], "10.0.0.1", Unknown),
        (&[b"198.51.100.1, \xff"], "10.0.0.1", Unknown),
        (&[b"198.51.100.1, 10.0.0.256"], "10.0.0.1", Unknown),
        (&[b"198.51.100.1, 010.0.0.2"], "10.0.0.1", Unknown),
        (&[b"198.51.100.1, fe80::1%eth0"], "10.0.0.1", Unknown),
        (&[b"[fe80::1%1]:443"], "10.0.0.1", Unknown),
        (&[b"[198.51.100.1]"], "10.0.0.1", Unknown),
        (&[b"198.51.100.1:99999"], "10.0.0.1", Unknown),
        (&[b"for=198.51.100.1"], "10.0.0.1", Unknown),
        (&[b"198.51.100.1 10.0.0.2"], "10.0.0.1", Unknown),
    ];
    for (lines, address, origin) in cases {
        let found = proxies.client_address(ip("10.0.0.1"), &headers(lines));
        assert_eq!(found, ClientAddress { ip: ip(address), origin: *origin }, "{lines:?}");
    }
}

#[test]
fn sb_4_13_1_md_4_1_headers_of_proxies_do_not_pass_the_listener() {
    let names = [
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-client-cert",
        "forwarded",
        "x-real-ip",
        "client-cert",
        "client-cert-chain",
        "x-ssl-client-verify",
    ];
    let all = || -> HeaderMap {
        let mut headers: HeaderMap =
            names.iter().map(|name| (name.parse().unwrap(), HeaderValue::from_static("1"))).collect();
        for kept in ["host", "content-type", "x-request-id", "cookie", "content-length"] {
            headers.insert(kept, HeaderValue::from_static("kept"));
        }
        headers.append("x-forwarded-host", HeaderValue::from_static("again"));
        headers
    };
    let mut stranger = all();
    strip_forwarding(&mut stranger, false);
    assert_eq!(stranger.len(), 5, "{stranger:?}");
    let mut proxy = all();
    strip_forwarding(&mut proxy, true);
    assert_eq!(proxy.len(), 6, "{proxy:?}");
    assert!(proxy.contains_key("x-forwarded-for"));
}

fn any_ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from(bits))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from(bits))),
        any::<u32>().prop_map(|bits| IpAddr::V6(Ipv4Addr::from(bits).to_ipv6_mapped())),
    ]
}

proptest! {
    #[test]
    fn a_block_survives_its_text_and_contains_its_ends(address in any_ip(), bits in 0_u8..=128) {
        let bits = if address.is_ipv4() { bits.min(32) } else { bits };
        let block = AddressBlock::around(address, bits);
        prop_assert_eq!(block.to_string().parse::<AddressBlock>().unwrap(), block);
        // A mapped address in a block wider than the mapped range is IPv4 everywhere else, so no such block holds it.
        if block.first.is_ipv4() == address.to_canonical().is_ipv4() {
            prop_assert!(block.contains(address));
        }
        prop_assert!(block.contains(block.first) || block.first != block.first.to_canonical());
    }

    #[test]
    fn sb_4_13_1_nothing_in_a_header_changes_the_address_of_an_untrusted_peer(peer in any_ip(), line in "[ -~]{0,80}") {
        let proxies = trusted(&["10.0.0.0/8"]);
        prop_assume!(!proxies.contains(peer));
        prop_assert_eq!(proxies.client_address(peer, &headers(&[line.as_bytes()])), ClientAddress::direct(peer));
    }

    #[test]
    fn sb_4_13_1_a_client_cannot_choose_its_address_behind_a_trusted_proxy(client in any_ip(), claim in "[ -~]{0,80}") {
        let proxies = trusted(&["10.0.0.0/8"]);
        prop_assume!(!proxies.contains(client));
        for lines in [vec![format!("{claim}, {client}, 10.0.0.2")], vec![claim, client.to_string()]] {
            let lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
            let found = proxies.client_address(ip("10.0.0.1"), &headers(&lines));
            prop_assert_eq!(found, ClientAddress { ip: client.to_canonical(), origin: AddressOrigin::Forwarded });
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(lines in proptest::collection::vec("\\PC{0,60}", 0..4)) {
        let lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).filter(|l| HeaderValue::from_bytes(l).is_ok()).collect();
        let found = trusted(&["::/0", "0.0.0.0/0"]).client_address(ip("10.0.0.1"), &headers(&lines));
        prop_assert_ne!(found.origin, AddressOrigin::Direct);
    }
}
