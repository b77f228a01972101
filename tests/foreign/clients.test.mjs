// Three device clients that are not ours sign in. Each runs as it is published; the person is an HTTP client.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import * as openid from "openid-client";

import { approve } from "../lib/person.mjs";
import { PERSON, startServer } from "../lib/server.mjs";

const PYTHON = fileURLToPath(new URL("../.cache/venv/bin/python", import.meta.url));
const TIMEOUT = { timeout: 60_000 };

let server;
before(async () => {
  const clients = () => `
[[client]]
id = "tv"
name = "Living-room TV"
auth = "none"
grants = ["device"]
scopes = ["openid", "profile"]
`;
  server = await startServer({ clients });
});
after(() => server?.stop());

test("oidc-agent signs in: Basic with an empty secret", TIMEOUT, async (t) => {
  const home = mkdtempSync(join(tmpdir(), "oidc-agent-"));
  const env = { ...process.env, HOME: home, OIDC_CONFIG_DIR: home };
  const socket = join(home, "agent.sock");
  // It goes into the background by itself and says under which number.
  const started = spawnSync("oidc-agent", ["--json", "--no-autoload", `--socket-path=${socket}`], { env });
  const agent = Number(JSON.parse(started.stdout).dpid);
  t.after(() => {
    process.kill(agent);
    rmSync(home, { recursive: true, force: true });
  });
  const gen = run(
    "oidc-gen",
    ["--manual", "--flow=device", `--iss=${server.issuer}`, "--client-id=tv", "--client-secret=", "--only-at"]
      .concat(["--scope=openid profile", "--no-url-call", "--prompt=none", "foreign"]),
    { ...env, OIDC_SOCK: socket },
  );
  const code = await gen.line(/code: (\S+)/);
  t.diagnostic(`oidc-agent shows ${code}`);
  assert.equal(await approve(server.issuer, code), "approved");
  const token = await gen.line(/^([\w-]+\.[\w-]+\.[\w-]+)$/);
  assert.equal((await userinfo(token)).preferred_username, PERSON.name);
});

test("msal signs in: its first poll comes at once", TIMEOUT, async (t) => {
  const msal = run(PYTHON, [fileURLToPath(new URL("msal_device.py", import.meta.url)), server.issuer, "tv"], process.env);
  const { user_code: code } = JSON.parse(await msal.line(/^(\{"event": "code".*)$/));
  t.diagnostic(`msal shows ${code}`);
  assert.equal(await approve(server.issuer, code), "approved");
  const { result, seconds, first_poll: first } = JSON.parse(await msal.line(/^(\{"event": "end".*)$/));
  t.diagnostic(`msal polled after ${(first * 1000).toFixed(1)} ms and had its token after ${seconds.toFixed(2)} s`);
  assert.ok(first < 0.5, "its first poll does not wait for the interval of a second");
  assert.ok(result.access_token, JSON.stringify(result));
  assert.equal(result.id_token_claims.iss, server.issuer);
  assert.equal((await userinfo(result.access_token)).sub, result.id_token_claims.sub);
});

test("oi_2_oi_7 openid-client signs in and validates the id_token", TIMEOUT, async (t) => {
  const configuration = await openid.discovery(new URL(server.issuer), "tv", undefined, openid.None(), {
    execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
  });
  const grant = await openid.initiateDeviceAuthorization(configuration, { scope: "openid profile" });
  t.diagnostic(`openid-client shows ${grant.user_code}`);
  const polling = openid.pollDeviceAuthorizationGrant(configuration, grant);
  assert.equal(await approve(server.issuer, grant.user_code), "approved");
  const tokens = await polling;
  const claims = tokens.claims();
  assert.equal(claims.aud, "tv");
  const info = await openid.fetchUserInfo(configuration, tokens.access_token, claims.sub);
  assert.equal(info.sub, claims.sub);
});

async function userinfo(token) {
  const answer = await fetch(`${server.issuer}/oauth2/userinfo`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

/** Runs a program; `line` waits for the next line of its output, on either stream, that matches. */
function run(program, parameters, env) {
  const child = spawn(program, parameters, { env, stdio: ["ignore", "pipe", "pipe"] });
  const seen = [];
  const waiting = [];
  const settle = () => {
    for (let place = waiting.length - 1; place >= 0; place--) {
      const { pattern, resolve } = waiting[place];
      const found = seen.map((line) => pattern.exec(line)).find(Boolean);
      if (found) {
        waiting.splice(place, 1);
        resolve(found[1]);
      }
    }
  };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      seen.push(line);
      settle();
    });
  }
  const end = (why) => () => {
    settle();
    waiting.splice(0).forEach(({ reject }) => reject(new Error(`${program} ${why}:\n${seen.join("\n")}`)));
  };
  child.once("error", end("cannot be started"));
  child.once("close", end("ended too early"));
  const line = (pattern) =>
    new Promise((resolve, reject) => {
      waiting.push({ pattern, resolve, reject });
      settle();
    });
  return { child, line };
}
