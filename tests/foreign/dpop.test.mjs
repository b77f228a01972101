// Tokens that are bound to a key (RFC 9449), by libraries of others: openid-client proves possession at every poll,
// refresh and request, oauth4webapi judges as an API what arrived there, jose makes the proofs that neither sends.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import * as jose from "jose";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";

import { approve } from "../lib/person.mjs";
import { startServer } from "../lib/server.mjs";

const TIMEOUT = { timeout: 60_000 };
const SECRET = "a secret of this client that is long enough";
const LASTING = "openid profile offline_access";
const PLAIN = { [oauth.allowInsecureRequests]: true };
/** The keys of devices, by the name their algorithm has in a proof. Ed25519 has two (RFC 9864, RFC 8037). */
const ALGORITHMS = ["ES256", "RS256", "Ed25519", "EdDSA"];

let server;
before(async () => {
  const clients = () => `
[[client]]
id = "tv"
name = "Living-room TV"
auth = "none"
grants = ["device", "refresh_token"]
scopes = ${JSON.stringify(LASTING.split(" "))}

[[client]]
id = "safe"
name = "Safe"
auth = "none"
grants = ["device", "refresh_token"]
scopes = ${JSON.stringify(LASTING.split(" "))}
dpop = "required"

[[client]]
id = "api"
name = "An API"
auth = "client_secret_basic"
secret = "${SECRET}"
grants = []
introspection = true
`;
  server = await startServer({ clients });
});
after(() => server?.stop());

for (const algorithm of ALGORITHMS) {
  test(`dp_5_1_dp_5_2_dp_6_1_1_dp_7_1_1_dp_7_2_1_dp_8_1_dpd_4 openid-client holds an ${algorithm} key`, TIMEOUT, async () => {
    const { configuration, sent, errors } = await client("safe");
    const key = await handle(configuration, algorithm);
    const first = await signIn(configuration, key);
    // Its first proof could not know the nonce; it comes again at once, and nobody calls that too fast.
    assert.equal(errors[0], "use_dpop_nonce");
    assert.ok(errors.slice(1).every((error) => error === "authorization_pending"), errors.join(" "));
    assert.equal(first.token_type, "dpop");
    const thumbprint = await key.calculateThumbprint();
    assert.deepEqual(jose.decodeJwt(first.access_token).cnf, { jkt: thumbprint });
    const { sub } = first.claims();

    const second = await openid.refreshTokenGrant(configuration, first.refresh_token, undefined, { DPoP: key });
    assert.equal(second.token_type, "dpop");
    const last = second.refresh_token ?? first.refresh_token;
    assert.equal(last, first.refresh_token, "a bound token is not replaced");
    for (const { access_token: token } of [first, second]) {
      const info = await openid.fetchUserInfo(configuration, token, sub, { DPoP: key });
      assert.equal(info.sub, sub);
      const told = await openid.tokenIntrospection(await api(), token);
      assert.deepEqual([told.active, told.token_type?.toLowerCase(), told.cnf], [true, "dpop", { jkt: thumbprint }]);
      // What arrived at userinfo satisfies a foreign API as well.
      const request = new Request(sent.findLast(({ url }) => url.endsWith("/oauth2/userinfo")));
      const claims = await oauth.validateJwtAccessToken(configuration.serverMetadata(), request, server.issuer, {
        requireDPoP: true,
        ...PLAIN,
      });
      assert.equal(claims.cnf.jkt, thumbprint);
    }

    const thief = await handle(configuration, "ES256");
    for (const DPoP of [undefined, thief]) {
      await assert.rejects(openid.refreshTokenGrant(configuration, last, undefined, { DPoP }), refused);
      await assert.rejects(openid.fetchUserInfo(configuration, second.access_token, sub, { DPoP }), (error) => {
        assert.equal(error.status, 401);
        return true;
      });
    }
    const third = await openid.refreshTokenGrant(configuration, last, undefined, { DPoP: key });
    assert.ok(third.access_token, "the thief ended nothing");
    await openid.tokenRevocation(configuration, last);
    assert.deepEqual(await openid.tokenIntrospection(await api(), third.access_token), { active: false });
  });
}

test("dp_5_1_1_dpd_1 openid-client without a key gets nothing where one is demanded", TIMEOUT, async () => {
  const { configuration } = await client("safe");
  const grant = await openid.initiateDeviceAuthorization(configuration, { scope: "openid" });
  // It is told at its first poll, before anybody decides, and the approval changes nothing.
  for (const act of [async () => {}, () => approve(server.issuer, grant.user_code)]) {
    await act();
    const polling = openid.pollDeviceAuthorizationGrant(configuration, grant);
    await assert.rejects(polling, { error: "invalid_dpop_proof" });
  }
  const key = await handle(configuration, "ES256");
  const tokens = await openid.pollDeviceAuthorizationGrant(configuration, grant, undefined, { DPoP: key });
  assert.equal(tokens.token_type, "dpop");
});

test("dpd_1_dpd_2_dpd_3_dp_11_1 a grant that began with a proof is served to its key alone", TIMEOUT, async () => {
  const { configuration } = await client("tv");
  const as = configuration.serverMetadata();
  const tv = { client_id: "tv" };
  const own = await oauth.generateKeyPair("ES256", { extractable: true });
  const other = await oauth.generateKeyPair("ES256");
  const settings = [as, tv, oauth.None()];
  const begin = async (nonce) => {
    const headers = { dpop: await proof(own, "POST", as.device_authorization_endpoint, nonce) };
    return oauth.deviceAuthorizationRequest(...settings, { scope: LASTING }, { headers, ...PLAIN });
  };
  let answer = await begin();
  const nonce = answer.headers.get("dpop-nonce");
  if (answer.status === 400 && nonce) answer = await begin(nonce);
  const grant = await oauth.processDeviceAuthorizationResponse(as, tv, answer);
  const poll = async (DPoP) => {
    for (;;) {
      const reply = await oauth.deviceCodeGrantRequest(...settings, grant.device_code, { DPoP, ...PLAIN });
      try {
        return await oauth.processDeviceCodeResponse(as, tv, reply);
      } catch (error) {
        if (!oauth.isDPoPNonceError(error)) throw error;
      }
    }
  };
  // Pending is what its own key hears; nobody else, neither while it waits nor when it was approved.
  await assert.rejects(poll(undefined), refused);
  await assert.rejects(poll(oauth.DPoP(tv, other)), refused);
  const key = oauth.DPoP(tv, own);
  await assert.rejects(poll(key), { error: "authorization_pending" });
  assert.equal(await approve(server.issuer, grant.user_code), "approved");
  await assert.rejects(poll(undefined), refused);
  await assert.rejects(poll(oauth.DPoP(tv, other)), refused);
  const tokens = await poll(key);
  assert.equal(tokens.token_type, "dpop");
  assert.equal(jose.decodeJwt(tokens.access_token).cnf.jkt, await key.calculateThumbprint());
});

/** A configured openid-client, the requests it sends and the errors it is answered. */
async function client(id) {
  const [sent, errors] = [[], []];
  const configuration = await openid.discovery(new URL(server.issuer), id, undefined, openid.None(), {
    execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
  });
  configuration[openid.customFetch] = async (url, options) => {
    const request = new Request(url, options);
    sent.push(request.clone());
    const answer = await fetch(request);
    if (answer.status === 400) errors.push((await answer.clone().json()).error);
    return answer;
  };
  return { configuration, sent, errors };
}

async function api() {
  return openid.discovery(new URL(server.issuer), "api", undefined, openid.ClientSecretBasic(SECRET), {
    execute: [openid.allowInsecureRequests],
  });
}

/** A new key. `EdDSA` is an Ed25519 key under its older name. */
async function handle(configuration, algorithm) {
  const pair = await openid.randomDPoPKeyPair(algorithm === "EdDSA" ? "Ed25519" : algorithm);
  const rename = (header) => {
    header.alg = algorithm;
  };
  return openid.getDPoPHandle(configuration, pair, { [openid.modifyAssertion]: rename });
}

async function signIn(configuration, key) {
  const grant = await openid.initiateDeviceAuthorization(configuration, { scope: LASTING });
  const polling = openid.pollDeviceAuthorizationGrant(configuration, grant, undefined, { DPoP: key });
  assert.equal(await approve(server.issuer, grant.user_code), "approved");
  return polling;
}

/** A proof as RFC 9449 §4.2 has it. */
async function proof({ publicKey, privateKey }, htm, htu, nonce) {
  const header = { alg: "ES256", typ: "dpop+jwt", jwk: await jose.exportJWK(publicKey) };
  const claims = new jose.SignJWT({ htm, htu, nonce }).setProtectedHeader(header);
  return claims.setIssuedAt().setJti(randomUUID()).sign(privateKey);
}

/** Refused for want of the right proof. */
function refused(error) {
  assert.ok(["invalid_dpop_proof", "invalid_grant"].includes(error.error), `${error.error}: ${error}`);
  return true;
}
