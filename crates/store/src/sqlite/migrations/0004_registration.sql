-- What clients that register themselves may be at most, and tokens that let others register clients. A program that does
-- not know these columns leaves them empty in what it inserts and as they are in what it updates.

ALTER TABLE clients ADD COLUMN ceiling_grants TEXT NOT NULL DEFAULT '';  -- words; without registration_token none of these
ALTER TABLE clients ADD COLUMN ceiling_scopes TEXT NOT NULL DEFAULT '';  -- words
ALTER TABLE clients ADD COLUMN software_statement TEXT;

CREATE TABLE initial_tokens (
    id             BLOB NOT NULL PRIMARY KEY,  -- the first half of token
    token          BLOB NOT NULL,              -- SHA-256
    note           TEXT NOT NULL,
    ceiling_grants TEXT NOT NULL,              -- words
    ceiling_scopes TEXT NOT NULL,              -- words
    uses_left      INTEGER,                    -- empty: any number
    expires_at     INTEGER,
    revoked_at     INTEGER,
    created_at     INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    commit_id      BLOB NOT NULL
) STRICT, WITHOUT ROWID;
