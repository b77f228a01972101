// The server under test: the built program with a configuration of its own, in a folder that is removed afterwards.
// COUNTERSIGND names the program; without it the debug build of this repository is taken.

import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const PROGRAM = process.env.COUNTERSIGND ?? fileURLToPath(new URL("../../target/debug/countersignd", import.meta.url));

export const PERSON = { name: "maria", password: "correct horse battery staple" };
export const OTHER = { name: "jonas", password: "a quiet walk along the river" };

/** The programs that were started and must not outlive this one, whatever happens. */
const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

/**
 * Starts a server. `clients` is the text of `[[client]]` tables, `settings` of the others;
 * forwarded addresses of loopback peers are believed, so that a test can choose where somebody is.
 */
export async function startServer({ clients, settings = "", people = [PERSON] }) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-"));
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const configuration = join(folder, "countersignd.toml");
  writeFileSync(
    configuration,
    `issuer = "${issuer}"
[http]
listen = "127.0.0.1:${port}"
admin_listen = "off"
trusted_proxies = ["127.0.0.1"]
[store]
url = "sqlite:${folder}/countersign.db"
[secrets]
key_file = "${folder}/key"
[brand]
name = "Example ID"
${settings}
${clients(folder)}`,
  );
  const env = { ...process.env, COUNTERSIGN_CONFIG: configuration };
  for (const { name, password } of people) {
    const added = spawnSync(PROGRAM, ["user", "add", name, "--password-stdin"], { env, input: password });
    if (added.status !== 0) throw new Error(`user add ${name}: ${added.error ?? added.stderr}`);
  }

  const log = join(folder, "log");
  const output = openSync(log, "a");
  const child = spawn(PROGRAM, ["serve"], { env, stdio: ["ignore", output, output] });
  closeSync(output);
  children.add(child);
  const gone = new Promise((resolve) => child.once("exit", resolve));
  await ready(issuer, child, log);
  return {
    issuer,
    log: () => readFileSync(log, "utf8"),
    /** Ends the server; it must go quietly, having panicked nowhere. */
    async stop() {
      child.kill("SIGTERM");
      await gone;
      children.delete(child);
      const text = readFileSync(log, "utf8");
      rmSync(folder, { recursive: true, force: true });
      if (text.includes("panicked at")) throw new Error(`the server panicked:\n${text}`);
    },
  };
}

async function ready(issuer, child, log) {
  const deadline = Date.now() + 30_000;
  while (child.exitCode === null && Date.now() < deadline) {
    const answer = await fetch(`${issuer}/health/ready`).catch(() => null);
    if (answer?.ok) return;
    await pause(10);
  }
  child.kill("SIGKILL");
  throw new Error(`the server did not become ready; its log:\n${readFileSync(log, "utf8")}`);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
