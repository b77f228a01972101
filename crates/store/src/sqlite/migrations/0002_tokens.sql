-- Families that may be refreshed, and whose devices their persons know again; clients that may ask what tokens are good
-- for. A program that does not know these columns leaves them empty, or no, in what it inserts and as they are in what it
-- updates.

ALTER TABLE families ADD COLUMN refresh_token BLOB;          -- SHA-256 of the live token's random part
ALTER TABLE families ADD COLUMN refresh_generation INTEGER;  -- how often it was replaced
ALTER TABLE families ADD COLUMN refresh_idle_until INTEGER;  -- these three are filled or none is

ALTER TABLE families ADD COLUMN device_name TEXT;            -- what it called itself, or what its person calls it

ALTER TABLE families ADD COLUMN requester_ip TEXT;
ALTER TABLE families ADD COLUMN requester_origin TEXT;       -- these two are filled or none is

ALTER TABLE clients ADD COLUMN introspects INTEGER NOT NULL DEFAULT 0 CHECK (introspects IN (0, 1));
