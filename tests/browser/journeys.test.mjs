// A person connects a device, or refuses it, in every size and colour, with and without scripts.

import assert from "node:assert/strict";
import { test } from "node:test";

import { outcome, poll, startGrant } from "../lib/device.mjs";
import { OTHER, PERSON } from "../lib/server.mjs";
import { SCHEMES, WIDTHS } from "./lib/browser.mjs";
import { stage } from "./lib/setup.mjs";

const shared = stage();

for (const script of [true, false]) {
  for (const width of WIDTHS) {
    for (const scheme of SCHEMES) {
      const options = { script, width, scheme };
      const where = `${width} px, ${scheme}, ${script ? "with" : "without"} scripts`;

      test(`df_3_3_1_df_3_3_2_df_3_3_4_df_3_3_5 approve: ${where}`, async (t) => {
        const grant = await startGrant(shared.issuer);
        const person = await shared.visitor(t, options);
        await person.toDecision(grant);
        assert.match(await person.text(), /Living-room TV/);
        await person.decide("approve");
        assert.equal(await person.outcome(), "approved");
        assert.match(await person.text(), /back to your device/);
        const { status, body } = await outcome(shared.issuer, grant);
        assert.equal(status, 200, JSON.stringify(body));
      });

      test(`df_3_5_5 deny: ${where}`, async (t) => {
        const grant = await startGrant(shared.issuer);
        const person = await shared.visitor(t, options);
        await person.toDecision(grant);
        await person.decide("deny");
        assert.equal(await person.outcome(), "denied");
        assert.equal((await outcome(shared.issuer, grant)).body.error, "access_denied");
      });
    }
  }
}

test("xd_6_1_6_1 report: denies, and the page thanks", async (t) => {
  const grant = await startGrant(shared.issuer);
  const person = await shared.visitor(t);
  await person.toDecision(grant);
  await person.decide("report");
  assert.equal(await person.outcome(), "denied");
  assert.equal((await outcome(shared.issuer, grant)).body.error, "access_denied");
});

test("df_3_3_7 a person who is signed in is not asked again, and types a code only once", async (t) => {
  const person = await shared.visitor(t);
  await person.toDecision(await startGrant(shared.issuer));
  await person.decide("approve");
  await person.open("/device");
  await person.typeCode((await startGrant(shared.issuer)).user_code);
  await person.expect("decision");
});

test("a person may use another account, and comes back to the same device", async (t) => {
  const grant = await startGrant(shared.issuer);
  const person = await shared.visitor(t);
  await person.toDecision(grant, PERSON);
  assert.match(await person.text(), new RegExp(PERSON.name));
  await person.page.click('form[action$="/sign-out"] button');
  await person.signIn(OTHER);
  await person.expect("decision");
  assert.match(await person.text(), new RegExp(OTHER.name));
  await person.decide("approve");
  assert.equal(await person.outcome(), "approved");
  assert.equal((await outcome(shared.issuer, grant)).status, 200);
});

test("df_6_1_2 a code may be typed in small letters, with spaces, or pasted with a sentence around it", async (t) => {
  const person = await shared.visitor(t);
  await person.toDecision(await startGrant(shared.issuer));
  for (const write of [(code) => code.toLowerCase(), (code) => ` ${code.replace("-", " ")} `, (code) => code.replace("-", "")]) {
    await person.open("/device");
    await person.typeCode(write((await startGrant(shared.issuer)).user_code));
    await person.expect("decision");
  }
});

test("df_5_4_1_df_5_4_2 the decision page names application, account, network and what is asked for", async (t) => {
  const grant = await startGrant(shared.issuer, { scope: "openid profile email", device_name: "Den <b>TV</b>" });
  const person = await shared.visitor(t);
  await person.toDecision(grant);
  const text = await person.text();
  for (const fact of ["Living-room TV", "tv", PERSON.name, grant.from, "Den <b>TV</b>", "Same network"]) {
    assert.ok(text.includes(fact), `${fact} is missing in:\n${text}`);
  }
  const [deny, approve] = await Promise.all(
    ["deny", "approve"].map((value) => person.page.locator(`button[value="${value}"]`).boundingBox()),
  );
  assert.ok(deny.y < approve.y || (deny.y === approve.y && deny.x < approve.x), "refusing comes first");
  assert.ok(Math.abs(deny.width - approve.width) < 2 && Math.abs(deny.height - approve.height) < 2, "both are equal");
});

test("df_3_3_6 no page shows the device code", async (t) => {
  const grant = await startGrant(shared.issuer);
  const person = await shared.visitor(t);
  const seen = [];
  person.page.on("response", async (answer) => seen.push(await answer.text().catch(() => ""), answer.url()));
  await person.toDecision(grant);
  await person.decide("approve");
  await person.outcome();
  assert.ok(!seen.join("\n").includes(grant.device_code));
  assert.equal((await poll(shared.issuer, grant)).status, 200);
  assert.ok(!shared.server.log().includes(grant.device_code), "nor does the log");
});
