-- Families that may be refreshed. All three columns are filled or none is; a program that does not know them leaves them
-- empty in what it inserts and as they are in what it updates.

ALTER TABLE families ADD COLUMN refresh_token BLOB;          -- SHA-256 of the live token's random part
ALTER TABLE families ADD COLUMN refresh_generation INTEGER;  -- how often it was replaced
ALTER TABLE families ADD COLUMN refresh_idle_until INTEGER;
