//! What an answer may be: 200, JSON, plain, small. Everything else ends the fetch.

use super::{HERE, KEYS, Server, answer, honest, lab, outcome};

#[tokio::test]
async fn a_request_carries_nothing_but_what_it_asks_for() {
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let lab = lab(Server::taking(move |mut stream| {
        let heard = heard.clone();
        async move {
            heard.send(super::request(&mut stream).await).unwrap();
            let answer =
                answer("Content-Type: application/json\r\nSet-Cookie: id=1; Path=/\r\nAlt-Svc: h2=\":1\"\r\n", KEYS);
            tokio::io::AsyncWriteExt::write_all(&mut stream, answer.as_bytes()).await.unwrap();
        }
    }));
    let expected = format!(
        "GET /jwks?a=b HTTP/1.1\r\nhost: 127.0.0.1:8\r\naccept: application/jwk-set+json, application/json\r\n\
         accept-encoding: identity\r\nconnection: close\r\nuser-agent: countersignd/{}\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    for _ in 0..2 {
        assert_eq!(outcome(lab.json("http://127.0.0.1:8/jwks?a=b").await), "11 bytes");
        assert_eq!(hears.recv().await.unwrap(), expected);
    }
}

#[tokio::test]
async fn dr_5_5_redirects_and_every_other_status_are_the_end() {
    for status in [201, 204, 206, 301, 302, 303, 307, 308, 401, 404, 407, 429, 500, 503, 999] {
        let location = "Location: http://127.0.0.1:9/secret\r\nContent-Type: application/json\r\n";
        let text = format!("HTTP/1.1 {status} X\r\n{location}Content-Length: {}\r\n\r\n{KEYS}", KEYS.len());
        let lab = lab(Server::saying(text));
        assert_eq!(outcome(lab.json(HERE).await), format!("the answer has status {status}"));
        assert_eq!(lab.dialled(), ["127.0.0.1:8"]);
    }
}

#[tokio::test]
async fn dr_5_5_only_json_is_read() {
    for (line, accepted) in [
        ("Content-Type: application/json", true),
        ("Content-Type: Application/JSON; charset=utf-8", true),
        ("Content-Type: application/jwk-set+json", true),
        ("Content-Type: application/jwk-set+json;charset=UTF-8", true),
        ("Content-Type: text/html", false),
        ("Content-Type: text/plain", false),
        ("Content-Type: text/json", false),
        ("Content-Type: application/jsonp", false),
        ("Content-Type: application/octet-stream", false),
        ("Content-Type: image/svg+xml; x=application/json", false),
        ("Content-Type: \u{e9}", false),
        ("Content-Type:", false),
        ("X-Nothing: x", false),
    ] {
        let lab = lab(Server::saying(answer(&format!("{line}\r\n"), KEYS)));
        let expected = if accepted { "11 bytes" } else { "the answer is not of a type of JSON" };
        assert_eq!(outcome(lab.json(HERE).await), expected, "{line}");
    }
}

#[tokio::test]
async fn dr_5_5_nothing_is_unpacked() {
    let json = "Content-Type: application/json\r\n";
    for encoding in ["gzip", "br", "deflate", "identity, gzip", "x-gzip"] {
        let lab = lab(Server::saying(answer(&format!("{json}Content-Encoding: {encoding}\r\n"), KEYS)));
        assert_eq!(outcome(lab.json(HERE).await), "the answer is encoded", "{encoding}");
    }
    let packed = format!("HTTP/1.1 200 OK\r\n{json}Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    assert_eq!(outcome(lab(Server::saying(packed)).json(HERE).await), "the answer is encoded");
    let plain = answer(&format!("{json}Content-Encoding: identity\r\n"), KEYS);
    assert_eq!(outcome(lab(Server::saying(plain)).json(HERE).await), "11 bytes");
}

#[tokio::test]
async fn what_is_not_http_is_not_read() {
    for text in [
        "220 smtp.example ESMTP\r\n",
        "SSH-2.0-OpenSSH_9\r\n",
        "+OK\r\n",
        "\0\0\0\0",
        "HTTP/2.0 200 OK\r\n\r\n",
        "{}\r\n\r\n",
    ] {
        let said = outcome(lab(Server::saying(text)).json(HERE).await);
        assert_eq!(said, "not an acceptable answer: what came is not HTTP/1.1", "{text:?}");
    }
    for text in ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{}"]
    {
        assert_eq!(outcome(lab(Server::saying(text)).json(HERE).await), "the connection ended early", "{text:?}");
    }
}

#[tokio::test]
async fn a_body_without_a_length_ends_with_the_connection() {
    let text = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{KEYS}");
    assert_eq!(outcome(lab(Server::saying(text)).json(HERE).await), "11 bytes");
    let chunked = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
                   4\r\n{\"ke\r\n7;x=y\r\nys\":[]}\r\n0\r\nX: y\r\n\r\n";
    let fetched = lab(Server::saying(chunked)).json(HERE).await.unwrap();
    assert_eq!(String::from_utf8(fetched.body).unwrap(), KEYS);
}

#[tokio::test]
async fn pk_10_how_long_an_answer_is_good_is_read_from_it() {
    for (lines, seconds) in [
        ("", None),
        ("Cache-Control: max-age=600\r\n", Some(600)),
        ("Cache-Control: public, Max-Age=\"600\" , must-revalidate\r\n", Some(600)),
        ("Cache-Control: max-age=600\r\nAge: 100\r\n", Some(500)),
        ("Cache-Control: max-age=600\r\nAge: 700\r\n", Some(0)),
        ("Cache-Control: max-age=600\r\nAge: soon\r\n", Some(600)),
        ("Cache-Control: max-age=600\r\nCache-Control: max-age=60\r\n", Some(60)),
        ("Cache-Control: max-age=600, no-store\r\n", Some(0)),
        ("Cache-Control: no-cache\r\n", Some(0)),
        ("Cache-Control: s-maxage=9, x-max-age=9\r\n", None),
        ("Cache-Control: max-age=-1\r\n", None),
        ("Cache-Control: max-age=99999999999999999999999\r\n", None),
        ("Cache-Control: max-age\r\n", None),
        ("Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\n", None),
    ] {
        let lab = lab(Server::saying(answer(&format!("Content-Type: application/json\r\n{lines}"), KEYS)));
        let fetched = lab.json(HERE).await.unwrap();
        assert_eq!(fetched.max_age.map(|age| age.as_secs()), seconds, "{lines}");
    }
}

#[tokio::test]
async fn an_honest_answer_after_an_interim_one_is_read() {
    let text = format!("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n{}", honest());
    assert_eq!(outcome(lab(Server::saying(text)).json(HERE).await), "11 bytes");
}
