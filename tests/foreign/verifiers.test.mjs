// What others make of the server's tokens, keys and documents: jose as an API that checks tokens by itself, oauth4webapi
// as an API of its own making, and as clients that prove who they are in every way there is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import * as jose from "jose";
import * as oauth from "oauth4webapi";

import { approve } from "../lib/person.mjs";
import { startServer } from "../lib/server.mjs";

const TIMEOUT = { timeout: 60_000 };
const SECRET = "a secret of this client that is long enough";
const LASTING = "openid profile offline_access";
const PLAIN = { [oauth.allowInsecureRequests]: true };

/** Clients, and the algorithms their two kinds of token are signed with; opaque access tokens have none. */
const CLIENTS = [
  { id: "tv", auth: "none", access: "ES256", identity: "RS256" },
  { id: "box", auth: "client_secret_basic", access: "EdDSA", identity: "ES256" },
  { id: "hub", auth: "client_secret_post", access: "RS256", identity: "EdDSA" },
  { id: "tower", auth: "private_key_jwt", access: "ES256", identity: "ES256" },
  { id: "vault", auth: "none", access: undefined, identity: "RS256" },
];
const KEYS = await oauth.generateKeyPair("ES256", { extractable: true });
const AUTHENTICATION = {
  none: oauth.None(),
  client_secret_basic: oauth.ClientSecretBasic(SECRET),
  client_secret_post: oauth.ClientSecretPost(SECRET),
  private_key_jwt: oauth.PrivateKeyJwt(KEYS.privateKey),
};

let server;
let as;
before(async () => {
  const jwk = { ...(await jose.exportJWK(KEYS.publicKey)), alg: "ES256", use: "sig" };
  const proofs = {
    none: "",
    client_secret_basic: `secret = "${SECRET}"`,
    client_secret_post: `secret = "${SECRET}"`,
    private_key_jwt: `jwks = '${JSON.stringify({ keys: [jwk] })}'`,
  };
  const declared = ({ id, auth, access, identity }) => `
[[client]]
id = "${id}"
name = "${id}"
auth = "${auth}"
${proofs[auth]}
grants = ["device", "refresh_token"]
scopes = ${JSON.stringify(LASTING.split(" "))}
${access ? `access_token_alg = "${access}"` : `access_token_format = "opaque"`}
id_token_alg = "${identity}"
`;
  const api = `
[[client]]
id = "api"
name = "An API"
auth = "client_secret_basic"
secret = "${SECRET}"
grants = []
introspection = true
`;
  server = await startServer({ clients: () => CLIENTS.map(declared).join("") + api });
  as = await discover("oidc");
});
after(() => server?.stop());

async function discover(algorithm) {
  const issuer = new URL(server.issuer);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...PLAIN }));
}

test("md_2_1_md_3_2_md_3_2_1 oauth4webapi accepts both discovery documents, which agree", TIMEOUT, async () => {
  const plain = await discover("oauth2");
  assert.deepEqual(plain, as);
  assert.ok(plain.grant_types_supported.includes("urn:ietf:params:oauth:grant-type:device_code"));
});

for (const client of CLIENTS.filter(({ access }) => access)) {
  test(`at_2_1_1_at_2_2_1_jw_6_jw_8_jw_11_cf_7 jose accepts the ${client.access} and ${client.identity} tokens of ${client.id}`, TIMEOUT, async () => {
    const tokens = await signIn(client);
    const keys = jose.createRemoteJWKSet(new URL(as.jwks_uri));
    const access = (token, more) =>
      jose.jwtVerify(token, keys, { issuer: server.issuer, audience: server.issuer, typ: "at+jwt", ...more });
    const identity = (token, more) =>
      jose.jwtVerify(token, keys, { issuer: server.issuer, audience: client.id, ...more });

    const { payload, protectedHeader } = await access(tokens.access_token, { algorithms: [client.access] });
    assert.equal(protectedHeader.typ, "at+jwt");
    assert.equal(payload.client_id, client.id);
    assert.deepEqual(new Set(payload.scope.split(" ")), new Set(LASTING.split(" ")));
    const about = await identity(tokens.id_token, { algorithms: [client.identity] });
    assert.equal(about.payload.sub, payload.sub);

    // It accepts them for what it checks, and neither in the place of the other.
    await assert.rejects(access(tokens.id_token), jose.errors.JWTClaimValidationFailed);
    await assert.rejects(identity(tokens.access_token), jose.errors.JWTClaimValidationFailed);
    for (const wrong of [{ audience: "https://api.example.com" }, { issuer: "https://id.example.com" }, { typ: "JWT" }]) {
      await assert.rejects(access(tokens.access_token, wrong), jose.errors.JWTClaimValidationFailed);
    }
    await assert.rejects(access(tokens.access_token, { algorithms: ["HS256"] }), jose.errors.JOSEAlgNotAllowed);
    const late = new Date(Date.now() + 3_600_000);
    await assert.rejects(access(tokens.access_token, { currentDate: late }), jose.errors.JWTExpired);
    const [head, , signature] = tokens.access_token.split(".");
    const other = jose.base64url.encode(JSON.stringify({ ...payload, sub: "somebody else" }));
    await assert.rejects(access([head, other, signature].join(".")), jose.errors.JWSSignatureVerificationFailed);
  });
}

for (const client of CLIENTS) {
  test(`oi_9_oa_6_1_in_2_2_1_in_2_2_2_rv_2_1_3 oauth4webapi is served as ${client.id} all life long`, TIMEOUT, async () => {
    const first = await signIn(client);
    const { sub } = oauth.getValidatedIdTokenClaims(first);
    const settings = [as, asClient(client), AUTHENTICATION[client.auth]];

    const renewal = await oauth.refreshTokenGrantRequest(...settings, first.refresh_token, PLAIN);
    const second = await oauth.processRefreshTokenResponse(as, asClient(client), renewal);
    await oauth.validateApplicationLevelSignature(as, renewal, PLAIN);
    assert.equal(oauth.getValidatedIdTokenClaims(second).sub, sub);
    // Bound to a secret it stays, unbound it is replaced.
    assert.equal((second.refresh_token ?? first.refresh_token) === first.refresh_token, client.auth !== "none");

    for (const { access_token: token } of [first, second]) {
      const info = await oauth.userInfoRequest(as, asClient(client), token, PLAIN);
      assert.equal((await oauth.processUserInfoResponse(as, asClient(client), sub, info)).sub, sub);
      const told = await introspect(token);
      assert.deepEqual([told.active, told.sub, told.client_id], [true, sub, client.id]);
      if (!client.access) continue;
      const request = new Request("https://api.example.com/things", { headers: { authorization: `Bearer ${token}` } });
      const claims = await oauth.validateJwtAccessToken(as, request, server.issuer, PLAIN);
      for (const name of ["iss", "sub", "client_id", "exp", "iat", "jti", "scope"]) {
        assert.equal(told[name], claims[name], name);
      }
    }
    for (const nothing of [first.id_token, first.refresh_token, "noise"]) {
      assert.equal((await introspect(nothing)).active, false);
    }

    const last = second.refresh_token ?? first.refresh_token;
    await oauth.processRevocationResponse(await oauth.revocationRequest(...settings, last, PLAIN));
    for (const { access_token: token } of [first, second]) {
      assert.deepEqual(await introspect(token), { active: false });
      const info = await oauth.userInfoRequest(as, asClient(client), token, PLAIN);
      await assert.rejects(oauth.processUserInfoResponse(as, asClient(client), sub, info), oauth.WWWAuthenticateChallengeError);
    }
    const over = await oauth.refreshTokenGrantRequest(...settings, last, PLAIN);
    await assert.rejects(oauth.processRefreshTokenResponse(as, asClient(client), over), { error: "invalid_grant" });
  });
}

const asClient = ({ id, identity }) => ({ client_id: id, id_token_signed_response_alg: identity });

/** The device grant, its tokens validated with their signature. */
async function signIn(client) {
  const settings = [as, asClient(client), AUTHENTICATION[client.auth]];
  const asked = await oauth.deviceAuthorizationRequest(...settings, { scope: LASTING }, PLAIN);
  const grant = await oauth.processDeviceAuthorizationResponse(as, asClient(client), asked);
  assert.equal(await approve(server.issuer, grant.user_code), "approved");
  const answer = await oauth.deviceCodeGrantRequest(...settings, grant.device_code, PLAIN);
  const tokens = await oauth.processDeviceCodeResponse(as, asClient(client), answer);
  await oauth.validateApplicationLevelSignature(as, answer, PLAIN);
  return tokens;
}

/** What the API is told about a token. */
async function introspect(token) {
  const api = { client_id: "api" };
  const answer = await oauth.introspectionRequest(as, api, oauth.ClientSecretBasic(SECRET), token, PLAIN);
  return oauth.processIntrospectionResponse(as, api, answer);
}
