// What must not happen on the pages: an approval by accident, by somebody else's page, or twice.

import assert from "node:assert/strict";
import { test } from "node:test";

import { outcome, poll, startGrant } from "../lib/device.mjs";
import { OTHER } from "../lib/server.mjs";
import { stage } from "./lib/setup.mjs";

const shared = stage();

const isPending = async (grant) => (await poll(shared.issuer, grant)).body.error === "authorization_pending";

for (const script of [true, false]) {
  const where = script ? "with scripts" : "without scripts";

  test(`xd_6_1_14_2 Enter approves nothing, wherever the focus is: ${where}`, async (t) => {
    const grant = await startGrant(shared.issuer);
    const person = await shared.visitor(t, { script });
    await person.open("/sign-in");
    await person.signIn();
    await person.open(grant.verification_uri_complete);
    await person.expect("decision");
    await person.page.keyboard.press("Enter");
    for (const box of await person.page.locator('input[name^="confirm_"]').all()) {
      await box.check();
      await box.press("Enter");
    }
    assert.equal(await person.name(), "decision");
    assert.ok(await isPending(grant));
  });

  test(`Back after a refusal shows the refusal, not the form: ${where}`, async (t) => {
    const grant = await startGrant(shared.issuer);
    const person = await shared.visitor(t, { script });
    await person.toDecision(grant);
    await person.decide("deny");
    assert.equal(await person.outcome(), "denied");
    await person.page.goBack();
    assert.equal(await person.outcome(), "denied");
    assert.equal(await person.page.locator('button[value="approve"]').count(), 0);
  });
}

test("df_3_3_12 a second decision changes nothing and shows the first", async (t) => {
  const grant = await startGrant(shared.issuer);
  const person = await shared.visitor(t);
  await person.toDecision(grant);
  const form = await fields(person);
  await person.decide("deny");
  assert.equal(await person.outcome(), "denied");
  const answer = await post(person, "/device/decision", { ...form, decision: "approve" });
  assert.match(await answer.text(), /data-outcome="denied"/);
  assert.equal((await outcome(shared.issuer, grant)).body.error, "access_denied");
});

test("df_3_3_10 no GET and no POST without its proof decides", async (t) => {
  const grant = await startGrant(shared.issuer);
  const person = await shared.visitor(t);
  await person.toDecision(grant);
  const form = await fields(person);
  const context = person.page.context();
  await context.request.get("/device/decision?decision=approve");
  await context.request.get(`/device/decision?${new URLSearchParams({ ...form, decision: "approve" })}`);
  for (const [why, change, origin] of [
    ["no proof", { csrf: undefined }, shared.issuer],
    ["an empty proof", { csrf: "" }, shared.issuer],
    ["another proof", { csrf: `${form.csrf}x` }, shared.issuer],
    ["another origin", {}, "https://evil.example"],
    ["an opaque origin", {}, "null"],
  ]) {
    const sent = Object.fromEntries(Object.entries({ ...form, decision: "approve", ...change }).filter(([, v]) => v !== undefined));
    const answer = await post(person, "/device/decision", sent, origin);
    assert.ok(!(await answer.text()).includes('data-outcome="approved"'), why);
    assert.ok(await isPending(grant), why);
  }
});

test("df_3_3_13 a decision counts only in the session that was asked", async (t) => {
  const grant = await startGrant(shared.issuer);
  const person = await shared.visitor(t);
  await person.toDecision(grant);
  const form = await fields(person);
  const stranger = await shared.visitor(t);
  await stranger.toDecision(await startGrant(shared.issuer), OTHER);
  const answer = await post(stranger, "/device/decision", { ...form, decision: "approve" });
  assert.ok(!(await answer.text()).includes('data-outcome="approved"'));
  assert.ok(await isPending(grant));
});

test("sb_4_11_1_sb_4_12_1 redirects are 303 and go where the server says, not where a parameter does", async (t) => {
  const person = await shared.visitor(t);
  const seen = [];
  person.page.on("response", (answer) => {
    if (answer.status() >= 300 && answer.status() < 400) seen.push([answer.status(), answer.headers().location]);
  });
  const elsewhere = encodeURIComponent("https://evil.example/");
  await person.open(`/sign-in?next=${elsewhere}&return_to=${elsewhere}&redirect_uri=${elsewhere}`);
  await person.signIn();
  await person.open("/device");
  await person.typeCode((await startGrant(shared.issuer)).user_code);
  await person.decide("approve");
  await person.outcome();
  assert.ok(seen.length >= 3, "sign-in, code and decision each end in a redirect");
  for (const [status, location] of seen) {
    assert.equal(status, 303);
    assert.equal(new URL(location, shared.issuer).origin, shared.issuer);
  }
});

/** What the decision form would send. */
async function fields(person) {
  const form = person.page.locator("form", { has: person.page.locator('[name="decision"]') });
  const inputs = await form.locator("input[name]").all();
  return Object.fromEntries(
    await Promise.all(inputs.map(async (input) => [await input.getAttribute("name"), await input.inputValue()])),
  );
}

/** Sends a form as the browser's own page would, or as a page of another origin. */
function post(person, path, form, origin = shared.issuer) {
  return person.page.context().request.post(path, { form, headers: { origin }, failOnStatusCode: false });
}
