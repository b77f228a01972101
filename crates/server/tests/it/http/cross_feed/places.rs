//! Every parameter of the protocol that takes something that was handed out.

use http::Method;

use super::super::signed::{Jws, other, own};
use super::super::support::{AUTHORIZATION, Call, INTROSPECT, TOKEN, USERINFO};
use super::world::{World, register};

/// A place for something, which it is, and what anything else is answered there.
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) own: &'static [&'static str],
    pub(super) expected: (u16, &'static str),
    pub(super) call: fn(&World<'_>, &str) -> Call,
}

/// All of them.
pub(super) const PLACES: &[Place] = &[
    Place {
        name: "device_code",
        own: &["device code", "pending device code"],
        expected: (400, "invalid_grant"),
        call: |world, text| world.device().poll(text),
    },
    Place {
        name: "refresh_token",
        own: &["refresh token"],
        expected: (400, "invalid_grant"),
        call: |world, text| world.device().refresh(text),
    },
    Place {
        name: "token to revoke",
        own: &["access token", "bound access token", "opaque access token", "refresh token"],
        expected: (200, "{}"),
        call: |world, text| world.device().revoke(text),
    },
    Place {
        name: "token to introspect",
        own: &["access token", "bound access token", "opaque access token"],
        expected: (200, r#"{"active":false}"#),
        call: |world, text| {
            let call = Call::post(INTROSPECT, &format!("client_id=signer&token={text}"));
            call.asserted(&Jws::assertion(world.app, other(), "signer").sign(other()))
        },
    },
    Place {
        name: "bearer token",
        own: &["access token", "opaque access token"],
        expected: (401, "invalid_token"),
        call: |_, text| Call::get(USERINFO).bearer(text),
    },
    Place {
        name: "DPoP token",
        own: &["bound access token"],
        expected: (401, "invalid_token"),
        call: |world, text| Call::userinfo(world.app, own(), text),
    },
    Place {
        name: "client_assertion",
        own: &["assertion"],
        expected: (400, "invalid_client"),
        call: |_, text| Call::post(AUTHORIZATION, "scope=openid").asserted(text),
    },
    Place {
        name: "client_secret",
        own: &["client secret"],
        expected: (400, "invalid_client"),
        call: |_, text| Call::post(AUTHORIZATION, &format!("client_id=post&client_secret={text}")),
    },
    Place {
        name: "password of Basic",
        own: &[],
        expected: (401, "invalid_client"),
        call: |_, text| Call::post(AUTHORIZATION, "").basic(&format!("basic:{text}")),
    },
    Place {
        name: "bearer token of a client",
        own: &[],
        expected: (401, "invalid_client"),
        call: |_, text| Call::post(INTROSPECT, "token=x").bearer(text),
    },
    Place {
        name: "client_id",
        own: &[],
        expected: (400, "invalid_client"),
        call: |_, text| Call::post(AUTHORIZATION, &format!("client_id={}", &text[..text.len().min(128)])),
    },
    Place {
        name: "grant_type",
        own: &[],
        expected: (400, "unsupported_grant_type"),
        call: |world, text| world.device().call(TOKEN, &format!("grant_type={text}&device_code=x")),
    },
    Place {
        name: "code_verifier",
        own: &[],
        expected: (400, "invalid_grant"),
        call: |world, text| world.device().poll(&world.challenged).and(&format!("code_verifier={text}")),
    },
    Place {
        name: "resource",
        own: &[],
        expected: (400, "invalid_target"),
        call: |world, text| world.device().call(AUTHORIZATION, &format!("resource={text}")),
    },
    Place {
        name: "proof of a device request",
        own: &["proof"],
        expected: (400, "invalid_dpop_proof"),
        call: |world, text| world.device().call(AUTHORIZATION, "").header("dpop", text),
    },
    Place {
        name: "proof of a poll",
        own: &[],
        expected: (400, "invalid_dpop_proof"),
        call: |world, text| world.device().poll(&world.things["device code"]).header("dpop", text),
    },
    Place {
        name: "nonce of a proof",
        own: &["nonce"],
        expected: (400, "use_dpop_nonce"),
        call: |world, text| {
            let proof = Jws::proof(world.app, own(), &Method::POST, AUTHORIZATION).claim("nonce", text);
            world.device().call(AUTHORIZATION, "").header("dpop", &proof.sign(own()))
        },
    },
    Place {
        name: "hash of a token in a proof",
        own: &[],
        expected: (401, "invalid_dpop_proof"),
        call: |world, text| {
            let proof = Jws::proof(world.app, own(), &Method::GET, USERINFO).claim("ath", text).sign(own());
            let token = &world.things["bound access token"];
            Call::get(USERINFO).header("authorization", &format!("DPoP {token}")).header("dpop", &proof)
        },
    },
    Place {
        name: "token of a registration",
        own: &["registration access token"],
        expected: (401, "invalid_token"),
        call: |world, text| Call::get(&world.registration).bearer(text),
    },
    Place {
        name: "token that ends a registration",
        own: &["registration access token"],
        expected: (401, "invalid_token"),
        call: |world, text| Call::new(Method::DELETE, &world.registration).bearer(text),
    },
    Place {
        name: "token that lets a client register",
        own: &["initial access token"],
        expected: (401, "invalid_token"),
        call: |_, text| register("").bearer(text),
    },
    Place {
        name: "software statement",
        own: &[],
        expected: (400, "invalid_software_statement|unapproved_software_statement"),
        call: |world, text| register(text).bearer(&world.things["initial access token"]),
    },
];
