// A device without any library: starts a grant and polls for what became of it.

export const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code";

/** Where people and devices are, as the server is told by the proxy it trusts. */
export const HOME = "203.0.113.9";
export const ELSEWHERE = "198.51.100.23";

export async function startGrant(issuer, { client = "tv", scope = "openid profile", from = HOME, ...more } = {}) {
  const body = new URLSearchParams({ client_id: client, scope, ...more });
  const headers = { "x-forwarded-for": from };
  const answer = await fetch(`${issuer}/oauth2/device_authorization`, { method: "POST", body, headers });
  if (!answer.ok) throw new Error(`device authorization: ${answer.status} ${await answer.text()}`);
  return { client, from, ...(await answer.json()) };
}

/** One poll: `{ status, body }`. */
export async function poll(issuer, grant) {
  const body = new URLSearchParams({
    client_id: grant.client,
    grant_type: GRANT_TYPE,
    device_code: grant.device_code,
  });
  const headers = { "x-forwarded-for": grant.from };
  const answer = await fetch(`${issuer}/oauth2/token`, { method: "POST", body, headers });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

/** Polls as a polite device does, until the answer is something else than "not yet". */
export async function outcome(issuer, grant) {
  for (;;) {
    const answer = await poll(issuer, grant);
    if (answer.body.error !== "authorization_pending") return answer;
  }
}
