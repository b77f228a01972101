// Codes that run out, on a server that gives them seconds. The device is told to the second; the page says what to do.

import assert from "node:assert/strict";
import { test } from "node:test";

import { outcome, startGrant } from "../lib/device.mjs";
import { stage } from "./lib/setup.mjs";

const shared = stage({ settings: '[device]\nlifetime = "4s"' });

test("df_3_2_4_df_3_5_6 a code that ran out while the page was open can no longer be approved", async (t) => {
  const person = await shared.visitor(t);
  await person.open("/sign-in");
  await person.signIn();
  await person.open("/device");
  const grant = await startGrant(shared.issuer);
  await person.typeCode(grant.user_code);
  await person.expect("decision");
  assert.equal((await outcome(shared.issuer, grant)).body.error, "expired_token");
  await person.decide("approve");
  assert.equal(await person.outcome(), "expired");
  assert.equal((await outcome(shared.issuer, grant)).body.error, "expired_token");
});

test("an expired code is refused like one that never was, and stays in the field", async (t) => {
  const grant = await startGrant(shared.issuer);
  assert.equal((await outcome(shared.issuer, grant)).body.error, "expired_token");
  const person = await shared.visitor(t, { script: false });
  await person.open("/device");
  await person.typeCode(grant.user_code);
  await person.signIn();
  await person.expect("code");
  assert.match(await person.alert(), /may have expired/);
});
