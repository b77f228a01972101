-- Times are milliseconds since 1970-01-01T00:00:00Z. Identifiers and hashes are bytes; enumerations are words.
-- `version` counts the writes of a row, `commit_id` names the last one.

CREATE TABLE deployment (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    key_fingerprint BLOB NOT NULL,
    version         INTEGER NOT NULL,
    commit_id       BLOB NOT NULL
) STRICT;

CREATE TABLE sealed_keys (
    id         BLOB NOT NULL PRIMARY KEY,
    purpose    TEXT NOT NULL,
    state      TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    commit_id  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
    id             TEXT NOT NULL PRIMARY KEY,
    name           TEXT NOT NULL,
    auth           TEXT NOT NULL,
    secrets        BLOB NOT NULL,  -- SHA-256 each, one after the other
    grants         TEXT NOT NULL,  -- words
    scopes         TEXT NOT NULL,  -- words
    origins        TEXT NOT NULL,  -- words
    link           TEXT NOT NULL,
    device_auth    TEXT NOT NULL,
    id_token_alg   TEXT NOT NULL,
    alphabet       TEXT,
    hold_ms        INTEGER,
    interval_ms    INTEGER,
    lifetime_ms    INTEGER,
    verified       INTEGER NOT NULL,
    enabled        INTEGER NOT NULL,
    declaration    BLOB,           -- SHA-256 of the declaration in the configuration
    created_at     INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    commit_id      BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id           BLOB NOT NULL PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    display_name TEXT,
    email        TEXT,
    password     TEXT,             -- a PHC string
    state        TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    commit_id    BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id             BLOB NOT NULL PRIMARY KEY,
    token          BLOB NOT NULL UNIQUE,  -- SHA-256 of the secret in the cookie
    user_id        BLOB NOT NULL,
    auth_time      INTEGER NOT NULL,
    amr            TEXT NOT NULL,         -- words
    ip             TEXT NOT NULL,
    ip_origin      TEXT NOT NULL,
    user_agent     TEXT NOT NULL,
    last_seen      INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    ended_at       INTEGER,
    revoked_at     INTEGER,               -- both of these or neither
    revoked_cause  TEXT,
    version        INTEGER NOT NULL,
    commit_id      BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- The table grows at its end; an identifier is half of a hash, so only its index is written all over.
CREATE TABLE grants (
    row           INTEGER PRIMARY KEY,
    id            BLOB NOT NULL UNIQUE,   -- the first half of device_code
    device_code   BLOB NOT NULL,          -- SHA-256 of the code's random part
    user_code     BLOB NOT NULL UNIQUE,   -- HMAC of the code
    client_id     TEXT NOT NULL,
    scope         TEXT NOT NULL,
    device_name   TEXT,
    ip            TEXT NOT NULL,
    ip_origin     TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    forget_at     INTEGER NOT NULL,       -- end of its tombstone
    interval_ms   INTEGER NOT NULL,
    hold_ms       INTEGER,
    state         TEXT NOT NULL,          -- pending: none of the following
    decided_at    INTEGER,                -- denied: these three
    decided_by    BLOB,
    reported      INTEGER,
    session_id    BLOB,                   -- approved: decided_at, decided_by and these three
    auth_time     INTEGER,
    amr           TEXT,
    redeemed_at   INTEGER,                -- redeemed: as approved, and these four
    last_issue    INTEGER,
    family_id     BLOB,
    replaced      INTEGER,
    version       INTEGER NOT NULL,
    commit_id     BLOB NOT NULL
) STRICT;
CREATE INDEX grants_forget ON grants (forget_at);
CREATE INDEX grants_pending ON grants (expires_at) WHERE state = 'pending';
CREATE INDEX grants_approved ON grants (session_id) WHERE state = 'approved';

CREATE TABLE families (
    id           BLOB NOT NULL PRIMARY KEY,
    grant_id     BLOB NOT NULL,
    client_id    TEXT NOT NULL,
    user_id      BLOB NOT NULL,
    session_id   BLOB NOT NULL,
    scope        TEXT NOT NULL,
    issued_at    INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    refreshed_at INTEGER,
    revoked_at   INTEGER,
    version      INTEGER NOT NULL,
    commit_id    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX families_user ON families (user_id);
CREATE INDEX families_expiry ON families (expires_at);

CREATE TABLE counters (
    bucket TEXT NOT NULL PRIMARY KEY,
    count  INTEGER NOT NULL,
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX counters_until ON counters (until);

-- What was written, in order, for other processes to hear; the oldest rows go.
CREATE TABLE changes (
    seq     INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL,
    id      BLOB NOT NULL,
    version INTEGER NOT NULL        -- 0: removed
) STRICT;
