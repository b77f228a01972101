//! Where a fetch may go: every class of address, every spelling, names that change their mind.

use super::super::networks::{Allowed, Networks, Special};
use super::super::{UrlRefusal, check_url};
use super::{Lookup, Server, finds, honest, ip, lab, named, outcome};

const SPECIAL: &[(Special, &[&str])] = &[
    (Special::Unspecified, &["0.0.0.0", "0.1.2.3", "0.255.255.255", "::"]),
    (Special::Loopback, &["127.0.0.1", "127.255.255.254", "::1"]),
    (
        Special::Private,
        &["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1", "fdff:ffff::1"],
    ),
    (Special::Shared, &["100.64.0.1", "100.127.255.255"]),
    (Special::LinkLocal, &["169.254.0.1", "169.254.169.254", "169.254.170.2", "fe80::1", "febf::1"]),
    (
        Special::Metadata,
        &["100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"],
    ),
    (
        Special::Documentation,
        &["192.0.2.1", "198.51.100.1", "203.0.113.255", "2001:db8::1", "2001:db8:ffff::1", "3fff:fff:ffff::1"],
    ),
    (Special::Benchmark, &["198.18.0.1", "198.19.255.255", "2001:2::1"]),
    (Special::Multicast, &["224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1", "ff0e::1"]),
    (
        Special::Reserved,
        &[
            "192.0.0.8",
            "192.88.99.1",
            "240.0.0.1",
            "255.255.255.254",
            "100::1",
            "200::1",
            "4000::1",
            "5f00::1",
            "fec0::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff::1",
            "3ffe::1",
        ],
    ),
    (
        Special::Tunnelled,
        &[
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "::7f00:1",
            "2002:7f00:1::1",
            "2002:808:808::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "64:ff9b:1::a00:1",
            "64:ff9b:1:fffe::7f00:1",
        ],
    ),
    (Special::Nat64, &["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::808:808"]),
];

const PUBLIC: &[&str] = &[
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2000::1",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00:1450::1",
    "3ffd:ffff::1",
    "3fff:1000::1",
];

#[test]
fn dr_5_5_only_public_addresses_are_connected_to_by_default() {
    let networks = Networks::default();
    for (special, addresses) in SPECIAL {
        for address in *addresses {
            assert_eq!(networks.allow(ip(address)), Err(*special), "{address}");
        }
    }
    for address in PUBLIC {
        assert_eq!(networks.allow(ip(address)), Ok(Allowed::Public), "{address}");
    }
}

#[test]
fn dr_5_5_some_addresses_are_not_meant_by_the_widest_list() {
    let everything = Networks::new(vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]);
    for (special, addresses) in SPECIAL {
        let never =
            [Special::LinkLocal, Special::Metadata, Special::Multicast, Special::Tunnelled, Special::Unspecified];
        for address in *addresses {
            let expected = match (*special, *address) {
                (special, _) if never.contains(&special) => Err(special),
                // Judged by the address inside.
                (Special::Nat64, "64:ff9b::a9fe:a9fe") => Err(Special::LinkLocal),
                (Special::Nat64, "64:ff9b::808:808") => Ok(Allowed::Public),
                _ => Ok(Allowed::Listed),
            };
            assert_eq!(everything.allow(ip(address)), expected, "{address}");
        }
    }
}

#[test]
fn dr_5_5_a_listed_network_is_allowed_and_its_neighbours_are_not() {
    let networks = Networks::new(vec!["10.1.0.0/16".parse().unwrap(), "64:ff9b::/96".parse().unwrap()]);
    assert_eq!(networks.allow(ip("10.1.255.255")), Ok(Allowed::Listed));
    assert_eq!(networks.allow(ip("10.2.0.0")), Err(Special::Private));
    assert_eq!(networks.allow(ip("::ffff:10.1.0.1")), Err(Special::Tunnelled));
    assert_eq!(networks.allow(ip("64:ff9b::a01:1")), Ok(Allowed::Listed));
    assert_eq!(networks.allow(ip("64:ff9b::a02:1")), Err(Special::Private));
}

#[tokio::test]
async fn dr_5_5_no_spelling_of_an_address_gets_by() {
    for host in [
        "169.254.169.254",
        "0xa9.0xfe.0xa9.0xfe",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "169.254.43518",
        "169.16689662",
        "%31%36%39.254.169.254",
        "169%2e254%2e169%2e254",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[0:0:0:0:0:ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::1]",
        "169.254.169.254.",
        "0",
        "0x0",
        "[::]",
        "[fd00:ec2::254]",
        "[FE80::1]",
        "10.1",
        "192.168.1",
        "0300.0250.1",
    ] {
        let lab = named(Server::saying(honest()), [finds(["1.1.1.1"])]);
        let said = outcome(lab.json(&format!("https://{host}/jwks")).await);
        assert!(lab.dialled().is_empty(), "{host}: {said}");
        assert!(lab.network.asked.lock().unwrap().is_empty(), "{host} was taken for a name: {said}");
    }
}

#[test]
fn dr_5_5_an_address_has_the_one_shape_of_honest_ones() {
    for (url, refusal) in [
        ("", UrlRefusal::Syntax),
        ("keys.example/jwks", UrlRefusal::Syntax),
        ("https:keys.example", UrlRefusal::Syntax),
        ("https:/keys.example", UrlRefusal::Syntax),
        ("https:///keys.example", UrlRefusal::Host),
        ("https://", UrlRefusal::Host),
        ("https://:443/", UrlRefusal::Host),
        ("https://?x", UrlRefusal::Host),
        ("http://keys.example/", UrlRefusal::Scheme),
        ("http://10.0.0.1/", UrlRefusal::Scheme),
        ("http://localhost.example/", UrlRefusal::Scheme),
        ("ftp://keys.example/", UrlRefusal::Scheme),
        ("file:///etc/passwd", UrlRefusal::Scheme),
        ("gopher://keys.example/", UrlRefusal::Scheme),
        ("data://keys.example/", UrlRefusal::Scheme),
        ("https://me@keys.example/", UrlRefusal::Credentials),
        ("https://me:secret@keys.example/", UrlRefusal::Credentials),
        ("https://@keys.example/", UrlRefusal::Credentials),
        ("https://keys.example@127.0.0.1/", UrlRefusal::Credentials),
        ("https://keys.example#@127.0.0.1/", UrlRefusal::Fragment),
        ("https://keys.example/jwks#", UrlRefusal::Fragment),
        ("https://keys.example/jwks#key", UrlRefusal::Fragment),
        ("https://keys.example\\@127.0.0.1/", UrlRefusal::Syntax),
        ("https://keys.example/\tjwks", UrlRefusal::Syntax),
        ("https://keys.example/\r\nHost: x", UrlRefusal::Syntax),
        (" https://keys.example/", UrlRefusal::Syntax),
        ("https://keys.example/ü", UrlRefusal::Syntax),
        ("https://ｋeys.example/", UrlRefusal::Syntax),
        ("https://keys.example:0/", UrlRefusal::Port),
        ("https://keys.example:65536/", UrlRefusal::Port),
        ("https://keys.example./", UrlRefusal::Host),
        ("https://-/", UrlRefusal::Host),
        ("https://a..b/", UrlRefusal::Host),
        ("https://999.1.1.1/", UrlRefusal::Host),
        ("https://1.2.3.4.5/", UrlRefusal::Host),
        ("https://[::1/", UrlRefusal::Host),
        ("https://[fe80::1%25eth0]/", UrlRefusal::Host),
        ("https://[::ffff:1.2.3]/", UrlRefusal::Host),
    ] {
        assert_eq!(check_url(url), Err(refusal), "{url:?}");
    }
    let long = |path: usize| check_url(&format!("https://keys.example/{}", "x".repeat(path)));
    assert_eq!((long(2_048 - 21), long(2_049 - 21)), (Ok(()), Err(UrlRefusal::Length)));
    for url in [
        "https://keys.example",
        "HTTPS://KEYS.EXAMPLE/jwks",
        "https://keys.example:8443/jwks?tenant=1&x=%20",
        "https://xn--bcher-kva.example/a//b/../c",
        "https://1.1.1.1/jwks",
        "https://[2606:4700::1111]/jwks",
        "http://localhost:8080/jwks",
        "http://127.0.0.1:8080/jwks",
        "http://[::1]/jwks",
    ] {
        assert_eq!(check_url(url), Ok(()), "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn dr_5_5_ports_of_other_protocols_are_not_knocked_at() {
    for (url, expected) in [
        ("https://1.1.1.1:22/", "port 22 of a public address"),
        ("https://1.1.1.1:80/", "port 80 of a public address"),
        ("https://1.1.1.1:6379/", "port 6379 of a public address"),
        ("https://[2606:4700::1]:25/", "port 25 of a public address"),
        ("http://1.1.1.1/", "port 80 of a public address"),
        ("http://1.1.1.1:443/", "plain HTTP is for listed loopback addresses"),
        ("http://10.0.0.1/", "10.0.0.1 is a private address"),
    ] {
        let lab = lab(Server::saying(honest()));
        assert_eq!(outcome(lab.json(url).await), expected, "{url}");
        assert!(lab.dialled().is_empty(), "{url}");
    }
    for port in [443, 8_443] {
        let lab = lab(Server::saying(honest()));
        outcome(lab.json(&format!("https://1.1.1.1:{port}/")).await);
        assert_eq!(lab.dialled(), [format!("1.1.1.1:{port}")]);
    }
}

#[tokio::test]
async fn dr_5_5_plain_http_stays_on_this_machine() {
    let mut lab = lab(Server::saying(honest()));
    lab.networks = Networks::new(vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.0/8".parse().unwrap()]);
    assert_eq!(outcome(lab.json("http://127.0.0.1:8/").await), "11 bytes");
    assert_eq!(outcome(lab.json("http://10.0.0.1/").await), "plain HTTP is for listed loopback addresses");
    assert_eq!(outcome(lab.json("http://[::1]/").await), "::1 is a loopback address");
    assert_eq!(lab.dialled(), ["127.0.0.1:8"]);
}

#[tokio::test]
async fn dr_5_5_one_bad_address_of_a_name_condemns_it() {
    for (special, addresses) in SPECIAL {
        for address in *addresses {
            for found in [[*address, "1.1.1.1"], ["1.1.1.1", *address]] {
                let mut lab = named(Server::saying(honest()), [finds(found)]);
                lab.networks = Networks::default();
                let said = outcome(lab.json("https://keys.example/jwks").await);
                assert_eq!(said, format!("{} is {special}", ip(address)));
                assert!(lab.dialled().is_empty());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn dr_5_5_a_name_that_changes_its_mind_is_asked_once_and_taken_at_its_word() {
    let lab = named(Server::saying(honest()), [finds(["1.1.1.1"]), finds(["169.254.169.254"]), finds(["10.0.0.1"])]);
    outcome(lab.json("https://keys.example/jwks").await);
    assert_eq!(lab.network.asked.lock().unwrap().len(), 1);
    assert_eq!(lab.dialled(), ["1.1.1.1:443"]);
    for _ in 0..2 {
        let said = outcome(lab.json("https://keys.example/jwks").await);
        assert!(said.contains("link-local") || said.contains("private"), "{said}");
    }
    assert_eq!(lab.dialled(), ["1.1.1.1:443"]);
}

#[tokio::test]
async fn a_name_without_addresses_is_no_place() {
    for lookup in [Lookup::Fails, finds([])] {
        let lab = named(Server::saying(honest()), [lookup]);
        assert_eq!(outcome(lab.json("https://keys.example/jwks").await), "the name cannot be resolved");
        assert!(lab.dialled().is_empty());
    }
}
