-- Times are milliseconds since 1970-01-01T00:00:00Z. Identifiers and hashes are bytes; enumerations are words.
-- `version` counts the writes of a row, `commit_id` names the last one. Columns that are written again stand in no index
-- where that can be, and pages have room for what replaces their rows: such a write touches no index.

CREATE TABLE deployment (
    id              BIGINT NOT NULL CONSTRAINT deployment_pkey PRIMARY KEY CHECK (id = 1),
    key_fingerprint BYTEA NOT NULL,
    commit_id       BYTEA NOT NULL,
    version         BIGINT NOT NULL
);

CREATE TABLE sealed_keys (
    id         BYTEA NOT NULL CONSTRAINT sealed_keys_pkey PRIMARY KEY,
    purpose    TEXT NOT NULL,
    state      TEXT NOT NULL,
    sealed     BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    commit_id  BYTEA NOT NULL,
    version    BIGINT NOT NULL
);

CREATE TABLE clients (
    id                  TEXT NOT NULL CONSTRAINT clients_pkey PRIMARY KEY,
    name                TEXT NOT NULL,
    auth                TEXT NOT NULL,
    secrets             BYTEA NOT NULL,  -- SHA-256 each, one after the other
    jwks_uri            TEXT,            -- where its keys are; of these two at most one is filled
    jwks                TEXT,            -- its keys
    assertion_alg       TEXT,
    grants              TEXT NOT NULL,   -- words
    scopes              TEXT NOT NULL,   -- words
    origins             TEXT NOT NULL,   -- words
    link                TEXT NOT NULL,
    device_auth         TEXT NOT NULL,
    id_token_alg        TEXT NOT NULL,
    alphabet            TEXT,
    hold_ms             BIGINT,
    interval_ms         BIGINT,
    lifetime_ms         BIGINT,
    pkce                TEXT NOT NULL,
    token_format        TEXT NOT NULL,
    token_alg           TEXT,
    access_ms           BIGINT,
    refresh_idle_ms     BIGINT,
    refresh_absolute_ms BIGINT,
    rotation            TEXT NOT NULL,
    dpop                TEXT NOT NULL,
    subject             TEXT NOT NULL,
    sector              TEXT,            -- pairwise: may be filled
    resources           TEXT NOT NULL,   -- words
    introspects         BOOLEAN NOT NULL,
    verified            BOOLEAN NOT NULL,
    enabled             BOOLEAN NOT NULL,
    registration_token  BYTEA,           -- SHA-256; without it none of the following six
    ceiling_grants      TEXT NOT NULL,   -- words
    ceiling_scopes      TEXT NOT NULL,   -- words
    unused_until        BIGINT,
    software_id         TEXT,
    software_version    TEXT,
    software_statement  TEXT,
    declaration         BYTEA,           -- SHA-256 of the declaration in the configuration
    created_at          BIGINT NOT NULL,
    commit_id           BYTEA NOT NULL,
    version             BIGINT NOT NULL
);
CREATE INDEX clients_unused ON clients (unused_until) WHERE unused_until IS NOT NULL;

CREATE TABLE initial_tokens (
    id             BYTEA NOT NULL CONSTRAINT initial_tokens_pkey PRIMARY KEY,  -- the first half of token
    token          BYTEA NOT NULL,  -- SHA-256
    note           TEXT NOT NULL,
    ceiling_grants TEXT NOT NULL,   -- words
    ceiling_scopes TEXT NOT NULL,   -- words
    uses_left      BIGINT,          -- empty: any number
    expires_at     BIGINT,
    revoked_at     BIGINT,
    created_at     BIGINT NOT NULL,
    commit_id      BYTEA NOT NULL,
    version        BIGINT NOT NULL
);

CREATE TABLE users (
    id           BYTEA NOT NULL CONSTRAINT users_pkey PRIMARY KEY,
    name         TEXT NOT NULL CONSTRAINT users_name_key UNIQUE,
    display_name TEXT,
    email        TEXT,
    password     TEXT,  -- a PHC string
    state        TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    commit_id    BYTEA NOT NULL,
    version      BIGINT NOT NULL
) WITH (fillfactor = 90);

CREATE TABLE sessions (
    id            BYTEA NOT NULL CONSTRAINT sessions_pkey PRIMARY KEY,
    token         BYTEA NOT NULL CONSTRAINT sessions_token_key UNIQUE,  -- SHA-256 of the secret in the cookie
    user_id       BYTEA NOT NULL,
    auth_time     BIGINT NOT NULL,
    amr           TEXT NOT NULL,  -- words
    ip            TEXT NOT NULL,
    ip_origin     TEXT NOT NULL,
    user_agent    TEXT NOT NULL,
    last_seen     BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    ended_at      BIGINT,
    revoked_at    BIGINT,         -- both of these or neither
    revoked_cause TEXT,
    commit_id     BYTEA NOT NULL,
    version       BIGINT NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE grants (
    id             BYTEA NOT NULL CONSTRAINT grants_pkey PRIMARY KEY,             -- the first half of device_code
    device_code    BYTEA NOT NULL,                                                -- SHA-256 of the code's random part
    user_code      BYTEA NOT NULL CONSTRAINT grants_user_code_key UNIQUE,         -- HMAC of the code
    client_id      TEXT NOT NULL,
    scope          TEXT NOT NULL,
    resources      TEXT NOT NULL,  -- words
    dpop           BYTEA,          -- SHA-256 thumbprint of a key
    code_challenge BYTEA,          -- SHA-256 of a verifier
    device_name    TEXT,
    ip             TEXT NOT NULL,
    ip_origin      TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    forget_at      BIGINT NOT NULL,  -- end of its tombstone
    interval_ms    BIGINT NOT NULL,
    hold_ms        BIGINT,
    state          TEXT NOT NULL,    -- pending: none of the following
    decided_at     BIGINT,           -- denied: these three
    decided_by     BYTEA,
    reported       BOOLEAN,
    session_id     BYTEA,            -- approved: decided_at, decided_by and these three
    auth_time      BIGINT,
    amr            TEXT,
    redeemed_at    BIGINT,           -- redeemed: as approved, and these four
    last_issue     BIGINT,
    family_id      BYTEA,
    replaced       BOOLEAN,
    commit_id      BYTEA NOT NULL,
    version        BIGINT NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX grants_forget ON grants (forget_at);

CREATE TABLE families (
    id                 BYTEA NOT NULL CONSTRAINT families_pkey PRIMARY KEY,
    grant_id           BYTEA NOT NULL,
    client_id          TEXT NOT NULL,
    user_id            BYTEA NOT NULL,
    session_id         BYTEA NOT NULL,
    scope              TEXT NOT NULL,
    resources          TEXT NOT NULL,  -- words
    dpop               BYTEA,          -- SHA-256 thumbprint of a key
    device_name        TEXT,           -- what it called itself, or what its person calls it
    requester_ip       TEXT,
    requester_origin   TEXT,           -- these two are filled or none is
    issued_at          BIGINT NOT NULL,
    expires_at         BIGINT NOT NULL,
    refresh_token      BYTEA,          -- SHA-256 of the live token's random part
    refresh_generation BIGINT,         -- how often it was replaced
    refresh_idle_until BIGINT,         -- these three are filled or none is
    refreshed_at       BIGINT,
    revoked_at         BIGINT,
    commit_id          BYTEA NOT NULL,
    version            BIGINT NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX families_user ON families (user_id);
CREATE INDEX families_expiry ON families (expires_at);

-- Proofs and assertions that were used.
CREATE TABLE spent (
    id        BYTEA NOT NULL CONSTRAINT spent_pkey PRIMARY KEY,  -- SHA-256 of who made it and its jti
    until     BIGINT NOT NULL,
    commit_id BYTEA NOT NULL
);
CREATE INDEX spent_until ON spent (until);

CREATE TABLE counters (
    bucket TEXT NOT NULL CONSTRAINT counters_pkey PRIMARY KEY,
    count  BIGINT NOT NULL,
    until  BIGINT NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX counters_until ON counters (until);

-- What was written, by the clock of the database, for all nodes to hear; the oldest rows go.
CREATE TABLE changes (
    at        TIMESTAMPTZ NOT NULL,
    commit_id BYTEA NOT NULL,
    told      TEXT NOT NULL,  -- words: kind/key/version, the key in base 16, version 0 when it was removed
    CONSTRAINT changes_pkey PRIMARY KEY (at, commit_id)
);
