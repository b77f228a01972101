// The headers of every route, its mistakes included.

import assert from "node:assert/strict";
import { test } from "node:test";

import { HOME, startGrant } from "../lib/device.mjs";
import { stage } from "./lib/setup.mjs";

const shared = stage();

const PAGES = [
  ["GET", "/device"],
  ["GET", "/sign-in"],
  ["GET", "/device/decision"],
  ["GET", "/device/done"],
  ["GET", "/account"],
  ["GET", "/D/WDJB-MJHT"],
  ["GET", "/D/not-a-code"],
  ["GET", "/nothing/here"],
  ["PUT", "/device"],
  ["POST", "/device"],
  ["POST", "/sign-in"],
  ["POST", "/sign-out"],
  ["POST", "/device/decision"],
  ["POST", "/account"],
];

const API = [
  ["POST", "/oauth2/device_authorization", 400],
  ["GET", "/oauth2/device_authorization", 405],
  ["POST", "/oauth2/token", 400],
  ["GET", "/oauth2/token", 405],
  ["GET", "/oauth2/userinfo", 401],
  ["GET", "/oauth2/jwks", 200],
  ["GET", "/.well-known/openid-configuration", 200],
  ["GET", "/.well-known/oauth-authorization-server", 200],
];

test("sb_4_16_1 every page forbids framing, scripts, sniffing, caching and sharing", async (t) => {
  for (const [method, path] of PAGES) {
    await t.test(`${method} ${path}`, async () => page(await ask(method, path)));
  }
});

test("sb_4_16_1 so do the pages behind sign-in", async (t) => {
  const person = await shared.visitor(t);
  const answers = [];
  person.page.on("response", (answer) => answers.push(answer));
  await person.toDecision(await startGrant(shared.issuer));
  await person.decide("deny");
  await person.outcome();
  await person.open("/account");
  await person.expect("account");
  const pages = answers.filter((answer) => !answer.url().includes("/assets/"));
  assert.ok(pages.length >= 6);
  for (const answer of pages) {
    const headers = new Map(Object.entries(await answer.allHeaders()));
    page({ headers: { get: (name) => headers.get(name) ?? null } });
  }
});

test("cf_13_df_3_2_9 answers to devices are as closed as pages, errors included", async (t) => {
  for (const [method, path, status] of API) {
    await t.test(`${method} ${path}`, async () => {
      const answer = await ask(method, path, { origin: "https://evil.example" });
      assert.equal(answer.status, status);
      assert.match(answer.headers.get("content-type"), /^application\/json/);
      closed(answer);
      if (path.startsWith("/oauth2/") && !path.endsWith("/jwks")) {
        assert.equal(answer.headers.get("cache-control"), "no-store");
        assert.equal(answer.headers.get("pragma"), "no-cache");
      }
      await answer.arrayBuffer();
    });
  }
});

test("cookies cannot be read by scripts or sent from elsewhere", async (t) => {
  const person = await shared.visitor(t);
  await person.toDecision(await startGrant(shared.issuer));
  const cookies = await person.page.context().cookies();
  assert.ok(cookies.length > 0);
  for (const { name, httpOnly, sameSite, path } of cookies) {
    assert.ok(httpOnly, name);
    assert.ok(["Lax", "Strict"].includes(sameSite), name);
    assert.equal(path, "/", name);
  }
});

test("assets are immutable, and a page with them is small", async (t) => {
  const person = await shared.visitor(t);
  const answers = [];
  person.page.on("response", (answer) => answers.push(answer));
  await person.open("/device");
  let size = 0;
  for (const answer of answers) {
    size += (await answer.body()).length;
    if (answer.url().includes("/assets/")) assert.match(answer.headers()["cache-control"], /immutable/);
  }
  assert.ok(size < 20 * 1024, `${size} bytes`);
});

function ask(method, path, headers = {}) {
  return fetch(shared.issuer + path, { method, redirect: "manual", headers: { "x-forwarded-for": HOME, ...headers } });
}

/** What a page of the product must be sent with. */
function page({ headers }) {
  const policy = new Map(
    headers.get("content-security-policy").split(";").map((part) => {
      const [name, ...sources] = part.trim().split(/\s+/);
      return [name, sources.join(" ")];
    }),
  );
  assert.equal(policy.get("default-src"), "'none'");
  assert.equal(policy.get("script-src") ?? "'none'", "'none'");
  assert.equal(policy.get("style-src"), "'self'");
  assert.equal(policy.get("img-src"), "'self'");
  assert.equal(policy.get("form-action"), "'self'");
  assert.equal(policy.get("base-uri"), "'none'");
  assert.equal(policy.get("frame-ancestors"), "'none'");
  assert.equal(headers.get("referrer-policy"), "same-origin");
  assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
  assert.ok(headers.get("permissions-policy"));
  assert.match(headers.get("cache-control"), /no-store/);
  assert.match(headers.get("x-robots-tag"), /noindex/);
  closed({ headers });
}

/** What every answer must be sent with. */
function closed({ headers }) {
  assert.equal(headers.get("x-frame-options"), "DENY");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
  assert.match(headers.get("content-security-policy"), /frame-ancestors 'none'/);
  assert.equal(headers.get("access-control-allow-origin"), null);
  assert.equal(headers.get("server"), null);
}
