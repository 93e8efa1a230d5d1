-- What lists show of how a call was made: gRPC at the first try was all that there was before.
ALTER TABLE call ADD COLUMN transport INTEGER NOT NULL DEFAULT 0;  -- place in `Transport::ALL`
ALTER TABLE call ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;    -- attempts that failed and were made again
