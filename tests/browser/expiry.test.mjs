// Codes that run out. They live two minutes at least, so this file waits while the others run beside it: for the device,
// which polls until it is told.

import assert from "node:assert/strict";
import { test } from "node:test";

import { outcome, startGrant } from "../lib/device.mjs";
import { stage } from "./lib/setup.mjs";

const shared = stage({ settings: '[device]\nlifetime = "2m"' });

test("df_3_2_4_df_3_5_6 a code that ran out can be neither approved nor entered", async (t) => {
  const reader = await shared.visitor(t);
  const grant = await startGrant(shared.issuer);
  await reader.toDecision(grant);
  assert.equal((await outcome(shared.issuer, grant)).body.error, "expired_token");

  await reader.decide("approve");
  assert.equal(await reader.outcome(), "expired", "the page was open when it ran out");

  const latecomer = await shared.visitor(t, { script: false });
  await latecomer.open("/device");
  await latecomer.typeCode(grant.user_code);
  await latecomer.signIn();
  await latecomer.expect("code");
  assert.match(await latecomer.alert(), /may have expired/);
  assert.ok(await latecomer.page.inputValue('[name="user_code"]'), "what was typed is kept");
  assert.equal((await outcome(shared.issuer, grant)).body.error, "expired_token");
});
