-- Clients that sign assertions, that registered themselves, and whose tokens are other than the server's; grants and
-- families that are bound to a key, a challenge or APIs; proofs and assertions that were used. A program that does not know
-- these columns leaves them empty, or at what was always done, in what it inserts and as they are in what it updates.

ALTER TABLE clients ADD COLUMN jwks_uri TEXT;            -- where its keys are; of these two at most one is filled
ALTER TABLE clients ADD COLUMN jwks TEXT;                -- its keys
ALTER TABLE clients ADD COLUMN assertion_alg TEXT;

ALTER TABLE clients ADD COLUMN pkce TEXT NOT NULL DEFAULT 'optional';

ALTER TABLE clients ADD COLUMN token_format TEXT NOT NULL DEFAULT 'jwt';
ALTER TABLE clients ADD COLUMN token_alg TEXT;
ALTER TABLE clients ADD COLUMN access_ms INTEGER;
ALTER TABLE clients ADD COLUMN refresh_idle_ms INTEGER;
ALTER TABLE clients ADD COLUMN refresh_absolute_ms INTEGER;
ALTER TABLE clients ADD COLUMN rotation TEXT NOT NULL DEFAULT 'unbound';
ALTER TABLE clients ADD COLUMN dpop TEXT NOT NULL DEFAULT 'optional';
ALTER TABLE clients ADD COLUMN subject TEXT NOT NULL DEFAULT 'public';
ALTER TABLE clients ADD COLUMN sector TEXT;              -- pairwise: may be filled
ALTER TABLE clients ADD COLUMN resources TEXT NOT NULL DEFAULT '';  -- words

ALTER TABLE clients ADD COLUMN registration_token BLOB;  -- SHA-256; without it none of the following
ALTER TABLE clients ADD COLUMN unused_until INTEGER;
ALTER TABLE clients ADD COLUMN software_id TEXT;
ALTER TABLE clients ADD COLUMN software_version TEXT;
CREATE INDEX clients_unused ON clients (unused_until) WHERE unused_until IS NOT NULL;

ALTER TABLE grants ADD COLUMN resources TEXT NOT NULL DEFAULT '';   -- words
ALTER TABLE grants ADD COLUMN dpop BLOB;                 -- SHA-256 thumbprint of a key
ALTER TABLE grants ADD COLUMN code_challenge BLOB;       -- SHA-256 of a verifier

ALTER TABLE families ADD COLUMN resources TEXT NOT NULL DEFAULT ''; -- words
ALTER TABLE families ADD COLUMN dpop BLOB;               -- SHA-256 thumbprint of a key

-- Keys are hashes, so every insertion goes to a page of its own whatever the table's shape. With the key as the table
-- itself that is the only such page and it has one search; a table by row number would search its index there and append
-- the row as well. The second index grows at its end and begins with what goes first: a sweep reads no row that stays.
CREATE TABLE spent (
    id        BLOB NOT NULL PRIMARY KEY,  -- SHA-256 of who made it and its jti
    until     INTEGER NOT NULL,
    commit_id BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_until ON spent (until);
