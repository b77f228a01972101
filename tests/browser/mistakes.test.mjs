// What people get wrong: the page says what to do, keeps what was typed, and harms nothing.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ELSEWHERE, poll, startGrant } from "../lib/device.mjs";
import { OTHER, PERSON } from "../lib/server.mjs";
import { stage } from "./lib/setup.mjs";

const shared = stage();

/** A well-formed code that no device shows: one in 25 billion would be needed for a hit. */
const WRONG = "ZZZZ-ZZZZ";

for (const script of [true, false]) {
  const where = script ? "with scripts" : "without scripts";

  test(`df_3_3_9 a mistyped code stays in the field, with what is wrong: ${where}`, async (t) => {
    const person = await shared.visitor(t, { script });
    await person.open("/device");
    for (const [typed, said] of [
      ["WDJO-MJHT", /vowel.*\bO\b/i],
      ["WDJB-MJH", /one letter short/i],
      ["", /enter the code/i],
      ["WDJB-MJH€", /€/],
    ]) {
      await person.typeCode(typed);
      await person.expect("code");
      assert.match(await person.alert(), said);
      assert.equal(await person.page.inputValue('[name="user_code"]'), typed);
    }
  });
}

test("a wrong code is told only after sign-in, and stays in the field", async (t) => {
  const person = await shared.visitor(t);
  await person.open("/device");
  await person.typeCode(WRONG);
  await person.signIn();
  await person.expect("code");
  assert.match(await person.alert(), /can.t be used/);
  assert.equal((await person.page.inputValue('[name="user_code"]')).replace(/[^A-Z]/g, ""), "ZZZZZZZZ");
});

test("a failed sign-in says the same for a wrong name and a wrong password, and keeps the name", async (t) => {
  const grant = await startGrant(shared.issuer);
  const person = await shared.visitor(t, { script: false });
  await person.open("/device");
  await person.typeCode(grant.user_code);
  const said = [];
  for (const attempt of [{ name: PERSON.name, password: "wrong" }, { name: "nobody", password: "wrong" }]) {
    await person.signIn(attempt);
    said.push(await person.alert());
    assert.equal(await person.page.inputValue('[name="username"]'), attempt.name);
    assert.equal(await person.page.inputValue('[name="password"]'), "");
  }
  assert.equal(said[0], said[1]);
  await person.signIn();
  await person.expect("decision");
});

test("df_5_1_1_oa_10_10_2 wrong codes run out of tries, also for a code that is right", async (t) => {
  const grant = await startGrant(shared.issuer);
  const person = await shared.visitor(t, { from: ELSEWHERE });
  await person.open("/device");
  await person.typeCode(WRONG);
  await person.signIn(OTHER);
  await until(/too many tries.*\d/i, async () => {
    await person.typeCode(WRONG);
    return person.alert();
  });
  await person.typeCode(grant.user_code);
  await person.expect("code");
  assert.match(await person.alert(), /too many tries/i, "a right guess is not told from a wrong one");
  assert.equal((await poll(shared.issuer, grant)).body.error, "authorization_pending");
});

test("oa_10_10_2 wrong passwords run out of tries, and the page says until when", async (t) => {
  const person = await shared.visitor(t, { from: "192.0.2.77" });
  await person.open("/sign-in");
  await until(/too many tries.*\d/i, async () => {
    await person.signIn({ name: "somebody", password: "wrong" });
    return person.alert();
  });
  await person.signIn({ name: "somebody", password: "right or not" });
  assert.match(await person.alert(), /too many tries/i);
});

/** Tries again, fifteen times at most, until the page says it. */
async function until(wanted, attempt) {
  for (let tries = 0; tries < 15; tries++) {
    const said = await attempt();
    if (wanted.test(said)) return said;
  }
  assert.fail(`fifteen tries and never ${wanted}`);
}
