// Every page in every size and colour: no accessibility rule broken, nothing to scroll sideways, and a picture of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ELSEWHERE, poll, startGrant } from "../lib/device.mjs";
import { SCHEMES, WIDTHS } from "./lib/browser.mjs";
import { stage } from "./lib/setup.mjs";

const shared = stage();

/** Pictures that the documentation shows. */
const CHOSEN = new Map([
  ["decision-390-light", "decision-light.png"],
  ["decision-390-dark", "decision-dark.png"],
]);

for (const width of WIDTHS) {
  for (const scheme of SCHEMES) {
    test(`the pages at ${width} px, ${scheme}`, async (t) => {
      const person = await shared.visitor(t, { width, scheme });
      const look = async (name) => {
        const label = `${name}-${width}-${scheme}`;
        await person.accessible(label);
        await person.reflows(label);
        await person.thumbs(label);
        await person.picture(label, CHOSEN.get(label));
      };

      await person.open("/device");
      await look("code");
      await person.typeCode("WDJO-MJHT");
      await look("code-mistake");
      const grant = await startGrant(shared.issuer, { scope: "openid profile email", device_name: "Den" });
      await person.typeCode(grant.user_code);
      await person.expect("sign-in");
      await look("sign-in");
      await person.signIn({ name: "maria", password: "wrong" });
      await look("sign-in-failed");
      await person.signIn();
      await person.expect("decision");
      await look("decision");
      await person.decide("approve");
      await person.outcome();
      await look("approved");

      const foreign = await startGrant(shared.issuer, { client: "tv-always", from: ELSEWHERE });
      await person.open(foreign.verification_uri_complete);
      await person.expect("decision");
      await look("decision-by-link");
      await person.decide("deny");
      await person.outcome();
      await look("denied");

      const narrow = await startGrant(shared.issuer, { resource: "https://photos.example.com/" });
      await person.open("/device");
      await person.typeCode(narrow.user_code);
      await person.expect("decision");
      assert.match(await person.text(), /Only at photos\.example\.com/);
      await look("decision-resources");
      await person.decide("approve");
      await person.outcome();
      assert.equal((await poll(shared.issuer, narrow)).status, 200);
      await person.open("/account/devices");
      await person.expect("devices");
      assert.match(await person.text(), /Only at\s+photos\.example\.com/);
      await look("devices");

      await person.open("/account");
      await person.expect("account");
      await look("account");
      await person.open("/nothing/here");
      await person.expect("error");
      await look("error");
    });
  }
}
