// Debian's Chromium, driven by Playwright, and the steps a person takes on the pages.

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { HOME } from "../../lib/device.mjs";
import { PERSON } from "../../lib/server.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const SCREENSHOTS = fileURLToPath(new URL("../../.cache/screenshots/", import.meta.url));
const IMAGES = fileURLToPath(new URL("../../../docs/images/", import.meta.url));

export const WIDTHS = [320, 390, 1280];
export const SCHEMES = ["light", "dark"];

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A fresh browser profile of one person, closed when the test `t` ends. */
export async function visitor(t, browser, issuer, { width = 390, scheme = "light", script = true, from = HOME } = {}) {
  const context = await browser.newContext({
    baseURL: issuer,
    colorScheme: scheme,
    deviceScaleFactor: 2,
    extraHTTPHeaders: { "x-forwarded-for": from },
    javaScriptEnabled: script,
    viewport: { width, height: width < 600 ? 780 : 900 },
  });
  t.after(() => context.close());
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  return new Visitor(page);
}

export class Visitor {
  constructor(page) {
    this.page = page;
  }

  open(path) {
    return this.page.goto(path);
  }

  /** Waits until the browser shows this page of the product. */
  async expect(name) {
    await this.page.waitForSelector(`main[data-page="${name}"]`);
  }

  async name() {
    return this.page.locator("main").getAttribute("data-page");
  }

  async outcome() {
    await this.expect("done");
    return this.page.locator("main").getAttribute("data-outcome");
  }

  /** What the page says in its heading and its texts. */
  text() {
    return this.page.locator("main").innerText();
  }

  /** The notice that a person must see. */
  alert() {
    return this.page.locator('main [role="alert"]').innerText();
  }

  async typeCode(code) {
    await this.expect("code");
    await this.page.fill('[name="user_code"]', code);
    await this.submit('[name="user_code"]');
  }

  async signIn({ name, password } = PERSON) {
    await this.expect("sign-in");
    await this.page.fill('[name="username"]', name);
    await this.page.fill('[name="password"]', password);
    await this.submit('[name="password"]');
  }

  /** Presses the button of the form that has this field. */
  async submit(field) {
    await this.page.locator("form", { has: this.page.locator(field) }).locator("button").last().click();
  }

  async decide(value) {
    await this.expect("decision");
    for (const box of await this.page.locator('input[type="checkbox"][name^="confirm_"]').all()) await box.check();
    await this.page.click(`button[name="decision"][value="${value}"]`);
  }

  /** From an empty profile to the decision page, by typing. */
  async toDecision(grant, person = PERSON) {
    await this.open("/device");
    await this.typeCode(grant.user_code);
    await this.signIn(person);
    await this.expect("decision");
  }

  /** No accessibility rule is broken. Needs scripts in the browser; the pages themselves have none. */
  async accessible(label) {
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate((tags) => window.axe.run({ runOnly: tags }), RULES);
    const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(" ")}`);
    assert.deepEqual(found, [], label);
  }

  /** Nothing has to be scrolled sideways (WCAG 1.4.10), with text twice as large neither (1.4.4). */
  async reflows(label) {
    for (const size of ["", "200%"]) {
      const [needed, given] = await this.page.evaluate((size) => {
        const root = document.documentElement;
        root.style.fontSize = size;
        const widths = [root.scrollWidth, root.clientWidth];
        root.style.fontSize = "";
        return widths;
      }, size);
      assert.ok(needed <= given, `${label} at text size ${size || "100%"}: ${needed} px in ${given} px`);
    }
  }

  /** Every button can be hit with a thumb. */
  async thumbs(label) {
    for (const button of await this.page.locator("main button.button:visible, main a.button:visible").all()) {
      const box = await button.boundingBox();
      assert.ok(box.height >= 44 && box.width >= 44, `${label}: ${await button.innerText()} is ${box.width}×${box.height}`);
    }
  }

  /** Saves a picture; `image` names the one in docs/images, written when UPDATE_IMAGES is set. */
  async picture(name, image) {
    mkdirSync(SCREENSHOTS, { recursive: true });
    const file = join(SCREENSHOTS, `${name}.png`);
    await this.page.screenshot({ path: file, fullPage: true });
    if (image && process.env.UPDATE_IMAGES) {
      mkdirSync(IMAGES, { recursive: true });
      copyFileSync(file, join(IMAGES, image));
    }
  }
}
