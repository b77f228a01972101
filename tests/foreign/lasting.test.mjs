// Access that lasts, against the built server: renewed and given back by openid-client, and by our own `countersign`.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import * as openid from "openid-client";

import { approve } from "../lib/person.mjs";
import { startServer } from "../lib/server.mjs";

const PROGRAM = process.env.COUNTERSIGN ?? fileURLToPath(new URL("../../target/debug/countersign", import.meta.url));
const TIMEOUT = { timeout: 60_000 };
const SCOPES = ["openid", "profile", "offline_access"];

const API = "https://files.example.com";

let server, keys;
before(async () => {
  keys = mkdtempSync(join(tmpdir(), "countersign-keys-"));
  const made = spawnSync(PROGRAM, ["key", "new", join(keys, "box.pem")], { encoding: "utf8" });
  assert.equal(made.status, 0, made.stderr);
  writeFileSync(join(keys, "box.jwks.json"), made.stdout);
  const clients = () => `
[[client]]
id = "tv"
name = "Living-room TV"
auth = "none"
grants = ["device", "refresh_token"]
scopes = ${JSON.stringify(SCOPES)}

[[client]]
id = "box"
name = "Box"
auth = "private_key_jwt"
jwks_file = "${join(keys, "box.jwks.json")}"
grants = ["device", "refresh_token"]
scopes = ${JSON.stringify(SCOPES)}
resources = ["${API}"]
dpop = "required"
pkce = "required"
`;
  server = await startServer({ clients });
});
after(() => server?.stop());
after(() => rmSync(keys, { recursive: true, force: true }));

test("oa_6_1_oa_6_3_oi_8_rv_2_1_3 openid-client refreshes and revokes", TIMEOUT, async () => {
  const configuration = await openid.discovery(new URL(server.issuer), "tv", undefined, openid.None(), {
    execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
  });
  const first = await signIn(configuration);
  const second = await openid.refreshTokenGrant(configuration, first.refresh_token);
  assert.notEqual(second.refresh_token, first.refresh_token, "an unbound token is replaced");
  assert.equal(second.claims().sub, first.claims().sub);
  assert.equal(second.claims().auth_time, first.claims().auth_time);
  const info = await openid.fetchUserInfo(configuration, second.access_token, second.claims().sub);
  assert.equal(info.sub, first.claims().sub);

  await openid.tokenRevocation(configuration, second.refresh_token, { token_type_hint: "refresh_token" });
  await openid.tokenRevocation(configuration, second.refresh_token);
  for (const { access_token: token } of [first, second]) assert.equal(await userinfo(token), 401);
  await assert.rejects(openid.refreshTokenGrant(configuration, second.refresh_token), { error: "invalid_grant" });

  // And a token that was replaced ends everything when it comes back.
  const old = await signIn(configuration);
  const renewed = await openid.refreshTokenGrant(configuration, old.refresh_token);
  await assert.rejects(openid.refreshTokenGrant(configuration, old.refresh_token), { error: "invalid_grant" });
  await assert.rejects(openid.refreshTokenGrant(configuration, renewed.refresh_token), { error: "invalid_grant" });
  assert.equal(await userinfo(renewed.access_token), 401);
});

test("oa_6_3_rv_2_1_3 countersign stays signed in until it signs out", TIMEOUT, async (t) => {
  const home = await signedInHome(t, ["--no-dpop"]);
  const status = JSON.parse((await countersign(home, ["status", "--json"])).output);
  assert.deepEqual([status.valid, status.renewable], [true, true]);

  const token = async () => {
    const { code, output, said } = await countersign(home, ["token"]);
    assert.equal(code, 0, said);
    return output.trim();
  };
  const first = await token();
  assert.equal(await token(), first, "a good one is not renewed");
  const seen = new Set([first]);
  for (let round = 0; round < 3; round++) {
    expire(home);
    const renewed = await token();
    assert.ok(!seen.has(renewed), "it was renewed");
    assert.equal(await userinfo(renewed), 200);
    seen.add(renewed);
  }

  const { refresh_token: last } = session(home);
  const signedOut = await countersign(home, ["logout"]);
  assert.equal(signedOut.code, 0, signedOut.said);
  for (const access of seen) assert.equal(await userinfo(access), 401);
  const form = { client_id: "tv", grant_type: "refresh_token", refresh_token: last };
  const answer = await fetch(`${server.issuer}/oauth2/token`, { method: "POST", body: new URLSearchParams(form) });
  assert.deepEqual([answer.status, await answer.json()], [400, { error: "invalid_grant" }]);
  assert.equal((await countersign(home, ["token"])).code, 5);
});

test("dp_5_1_dp_7_2_1_dp_5_2_dp_11_1_dpd_5 countersign binds what it gets to a key of its own", TIMEOUT, async (t) => {
  const home = await signedInHome(t);
  const status = JSON.parse((await countersign(home, ["status", "--json"])).output);
  assert.deepEqual([status.token_type, status.valid, status.renewable], ["DPoP", true, true]);
  const address = `${server.issuer}/oauth2/userinfo`;
  const whoami = async () => {
    const { code, output, said } = await countersign(home, ["request", address]);
    assert.equal(code, 0, said);
    return JSON.parse(output).preferred_username;
  };
  assert.equal(await whoami(), "maria");
  const { access_token: first, refresh_token: lasting } = session(home);
  assert.equal(JSON.parse(Buffer.from(first.split(".")[1], "base64url")).cnf.jkt, status.key);

  // Of no use to whoever copied them.
  assert.equal(await userinfo(first), 401, "as a bearer token");
  const form = { client_id: "tv", grant_type: "refresh_token", refresh_token: lasting };
  const stolen = await fetch(`${server.issuer}/oauth2/token`, { method: "POST", body: new URLSearchParams(form) });
  assert.equal(stolen.status, 400);

  // Two headers, good for one call by another program.
  assert.equal((await countersign(home, ["header"])).code, 2);
  const { output } = await countersign(home, ["header", "--method", "GET", "--url", address]);
  const headers = Object.fromEntries(output.split("\n").map((line) => line.split(": ")));
  const answers = [await fetch(address, { headers }), await fetch(address, { headers })];
  assert.deepEqual(answers.map((answer) => answer.status), [200, 401]);

  // Renewed by other processes, under the same key, as often as it takes.
  for (let round = 0; round < 3; round++) {
    const before = session(home).access_token;
    expire(home);
    assert.equal(await whoami(), "maria");
    assert.notEqual(session(home).access_token, before);
    assert.equal(session(home).proof_key.jkt, status.key);
  }

  const last = session(home);
  assert.equal((await countersign(home, ["logout"])).code, 0);
  assert.equal((await countersign(home, ["request", address])).code, 5);
  writeFileSync(file(home), JSON.stringify(last), { mode: 0o600 });
  assert.equal((await countersign(home, ["request", address])).code, 5, "the server has ended it as well");
});

test("pk_7_pk_3_ri_4_ri_3_dp_5_1_1 countersign signs in with the key of its application, for one API", TIMEOUT, async (t) => {
  const key = ["--client-key-file", join(keys, "box.pem")];
  const home = await signedInHome(t, ["--client-id", "box", ...key, "--resource", API]);
  const claims = () => JSON.parse(Buffer.from(session(home).access_token.split(".")[1], "base64url"));
  const { aud, client_id: client } = claims();
  assert.deepEqual([[aud].flat().includes(API), client], [true, "box"]);
  const before = session(home).access_token;
  expire(home);
  const { code, said } = await countersign(home, ["token"]);
  assert.equal(code, 0, said);
  assert.notEqual(session(home).access_token, before);
  assert.deepEqual(claims().aud, aud, "a renewal widens nothing");

  const { refresh_token: last } = session(home);
  const form = { client_id: "box", grant_type: "refresh_token", refresh_token: last };
  const unsigned = await fetch(`${server.issuer}/oauth2/token`, { method: "POST", body: new URLSearchParams(form) });
  assert.equal((await unsigned.json()).error, "invalid_client");
  assert.equal((await countersign(home, ["logout"])).code, 0);

  // Without its key, for another API, without binding: refused before anybody is asked.
  const login = ["login", "--issuer", server.issuer, "--client-id", "box", "--allow-http-loopback"];
  for (const [more, error] of [
    [[], "invalid_client"],
    [[...key, "--resource", "https://other.example.com"], "invalid_target"],
    [[...key, "--no-dpop"], "invalid_dpop_proof"],
    [[...key, "--pkce", "never"], "--pkce always"],
  ]) {
    const empty = mkdtempSync(join(tmpdir(), "countersign-home-"));
    t.after(() => rmSync(empty, { recursive: true, force: true }));
    const refused = await countersign(empty, [...login, ...more]);
    assert.deepEqual([refused.code, refused.said.includes(error)], [7, true], refused.said);
  }
});

/** A home directory in which somebody signed in with our program. */
async function signedInHome(t, more = []) {
  const home = mkdtempSync(join(tmpdir(), "countersign-home-"));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const scopes = SCOPES.flatMap((scope) => ["--scope", scope]);
  const login = ["login", "--issuer", server.issuer, "--allow-http-loopback", "--json"];
  const client = more.includes("--client-id") ? [] : ["--client-id", "tv"];
  const signedIn = await countersign(home, [...login, "--no-browser", ...client, ...scopes, ...more], async (line) => {
    const event = JSON.parse(line);
    if (event.event === "code") assert.equal(await approve(server.issuer, event.user_code), "approved");
  });
  assert.equal(signedIn.code, 0, signedIn.said);
  return home;
}

async function signIn(configuration) {
  const grant = await openid.initiateDeviceAuthorization(configuration, { scope: SCOPES.join(" ") });
  const polling = openid.pollDeviceAuthorizationGrant(configuration, grant);
  assert.equal(await approve(server.issuer, grant.user_code), "approved");
  const tokens = await polling;
  assert.ok(tokens.refresh_token, "lasting access was asked for and given");
  return tokens;
}

async function userinfo(token) {
  const answer = await fetch(`${server.issuer}/oauth2/userinfo`, { headers: { authorization: `Bearer ${token}` } });
  return answer.status;
}

const file = (home) => join(home, ".local/state/countersign/tokens/default.json");

function session(home) {
  return JSON.parse(readFileSync(file(home), "utf8"));
}

/** Lets the stored access token look spent, to its owner alone. */
function expire(home) {
  writeFileSync(file(home), JSON.stringify({ ...session(home), expires_at: 1 }));
}

/** Runs our program; `hear` gets each line of its output. */
async function countersign(home, parameters, hear = () => {}) {
  const env = { PATH: process.env.PATH, HOME: home, TZ: "UTC" };
  const child = spawn(PROGRAM, parameters, { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  const lines = [];
  let said = "";
  child.stderr.on("data", (data) => (said += data));
  const heard = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    heard.push(hear(line));
  });
  const code = await ended;
  await Promise.all(heard);
  return { code, output: lines.join("\n"), said };
}
