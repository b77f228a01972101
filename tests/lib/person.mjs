// A person whose browser is nothing but an HTTP client: follows the pages, fills in the forms, approves.
// The real browser is in tests/browser; this one serves the suites that are about devices.

import { PERSON } from "./server.mjs";
import { HOME } from "./device.mjs";

/** Approves the grant behind a code; returns the outcome that the last page names. */
export async function approve(issuer, userCode, person = PERSON) {
  const cookies = new Map();

  async function visit(path, form) {
    const headers = { "x-forwarded-for": HOME, accept: "text/html", origin: issuer, "sec-fetch-site": "same-origin" };
    if (cookies.size > 0) headers.cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const body = form && new URLSearchParams(form);
    const answer = await fetch(new URL(path, issuer), { method: form ? "POST" : "GET", body, headers, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(";", 1)[0].split(/=(.*)/s);
      if (value === "" || /max-age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = answer.headers.get("location");
    return location ? visit(location) : answer.text();
  }

  const typed = {
    code: { user_code: userCode },
    "sign-in": { username: person.name, password: person.password },
    decision: { decision: "approve" },
  };
  let html = await visit("/device");
  for (let step = 0; step < 5; step++) {
    const page = /data-page="([^"]*)"/.exec(html)?.[1];
    if (page === "done") return /data-outcome="([^"]*)"/.exec(html)[1];
    const fields = typed[page];
    if (!fields) break;
    const form = formWith(html, Object.keys(fields)[0]);
    html = await visit(form.action, { ...form.fields, ...fields });
  }
  throw new Error(`the decision was not reached:\n${html}`);
}

/** The form that has this field or button: its action, its hidden fields and its required boxes. */
function formWith(html, field) {
  for (const [, attributes, content] of html.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)) {
    const controls = [...content.matchAll(/<(?:input|button)([^>]*)>/g)].map(([, text]) => text);
    if (!controls.some((text) => attribute(text, "name") === field)) continue;
    const sent = controls.filter((text) => attribute(text, "type") === "hidden" || /checkbox[^>]*\srequired/.test(text));
    const fields = Object.fromEntries(sent.map((text) => [attribute(text, "name"), attribute(text, "value") ?? "on"]));
    return { action: attribute(attributes, "action"), fields };
  }
  throw new Error(`no form has ${field}:\n${html}`);
}

function attribute(text, name) {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(text)?.[1];
  return value?.replace(/&#x27;|&#39;/g, "'").replace(/&quot;|&#34;/g, '"').replace(/&amp;|&#38;/g, "&");
}
