// verification_uri_complete: what the link does is a policy of the client, and never more than the typing is saved.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ELSEWHERE, HOME, outcome, poll, startGrant } from "../lib/device.mjs";
import { stage } from "./lib/setup.mjs";

const shared = stage();

/** Opens the link of a fresh grant in a browser that is somewhere, signed in or not, and says which page comes. */
async function follow(t, { client, from, signedIn, script = true }) {
  const grant = await startGrant(shared.issuer, { client, from: HOME });
  const person = await shared.visitor(t, { from, script });
  if (signedIn) {
    await person.open("/sign-in");
    await person.signIn();
  }
  await person.open(grant.verification_uri_complete);
  if (!signedIn) await person.signIn();
  return { grant, person };
}

for (const script of [true, false]) {
  for (const signedIn of [true, false]) {
    const where = `${signedIn ? "signed in" : "not signed in"}, ${script ? "with" : "without"} scripts`;

    test(`df_3_3_1_4_df_3_3_1_5_df_3_3_11 same network: the link saves the typing, and nothing else: ${where}`, async (t) => {
      const { grant, person } = await follow(t, { client: "tv", from: HOME, signedIn, script });
      await person.expect("decision");
      assert.match(await person.text(), /Does your device show this code/);
      assert.equal((await poll(shared.issuer, grant)).body.error, "authorization_pending");
      await person.decide("approve");
      assert.equal(await person.outcome(), "approved");
      assert.equal((await outcome(shared.issuer, grant)).status, 200);
    });

    test(`another network: the code is to be typed: ${where}`, async (t) => {
      const { grant, person } = await follow(t, { client: "tv", from: ELSEWHERE, signedIn, script });
      await person.expect("code");
      assert.equal(await person.page.inputValue('[name="user_code"]'), "");
      assert.match(await person.page.locator('main [role="status"]').innerText(), /type the code/);
      await person.typeCode(grant.user_code);
      await person.expect("decision");
      assert.match(await person.text(), /Different network/);
    });
  }
}

test("always: the link saves the typing from anywhere; never: from nowhere", async (t) => {
  const always = await follow(t, { client: "tv-always", from: ELSEWHERE });
  await always.person.expect("decision");
  const never = await follow(t, { client: "tv-never", from: HOME });
  await never.person.expect("code");
});

test("a link with a required confirmation is not approved without it", async (t) => {
  const { grant, person } = await follow(t, { client: "tv", from: HOME, script: false });
  await person.expect("decision");
  await person.page.click('button[name="decision"][value="approve"]');
  await person.expect("decision");
  assert.equal((await poll(shared.issuer, grant)).body.error, "authorization_pending");
});

test("df_3_3_8 every well-formed link is answered alike, in any case, and the code leaves the address", async (t) => {
  const grant = await startGrant(shared.issuer);
  assert.ok(!grant.verification_uri.includes(grant.user_code));
  const seen = [];
  for (const code of [grant.user_code, grant.user_code.toLowerCase(), "ZZZZ-ZZZZ"]) {
    const answer = await fetch(`${shared.issuer}/D/${code}`, { redirect: "manual", headers: { "x-forwarded-for": HOME } });
    seen.push([answer.status, answer.headers.get("location"), await answer.text()]);
  }
  assert.equal(seen[0][0], 303);
  assert.deepEqual(seen[0], seen[1]);
  assert.deepEqual(seen[0], seen[2]);
  const person = await shared.visitor(t);
  await person.open(grant.verification_uri_complete);
  await person.signIn();
  await person.expect("decision");
  assert.ok(!person.page.url().includes(grant.user_code), person.page.url());
});
