// One server and one browser for all tests of a file.

import { after, before } from "node:test";

import { OTHER, PERSON, startServer } from "../../lib/server.mjs";
import { launch, visitor } from "./browser.mjs";

const client = (id, name, more = "") => `
[[client]]
id = "${id}"
name = "${name}"
auth = "none"
grants = ["device"]
scopes = ["openid", "profile", "email"]
${more}`;

/** The clients every file may use: one for each link policy. */
export const CLIENTS = () =>
  client("tv", "Living-room TV", 'resources = ["https://photos.example.com/"]') +
  client("tv-always", "Kitchen display", 'link = "always"') +
  client("tv-never", "Hallway panel", 'link = "never"');

/** What the tests of a file share; filled before the first of them runs. */
export function stage({ settings = "" } = {}) {
  const shared = {
    server: undefined,
    browser: undefined,
    get issuer() {
      return shared.server.issuer;
    },
    visitor: (t, options) => visitor(t, shared.browser, shared.server.issuer, options),
  };
  before(async () => {
    shared.server = await startServer({ clients: CLIENTS, settings, people: [PERSON, OTHER] });
    shared.browser = await launch();
  });
  after(async () => {
    await shared.browser?.close();
    await shared.server?.stop();
  });
  return shared;
}
