-- What is sent is proved by a digest beside its delivery, and what enters or ends in a queue does so in sets.

-- A notice's body is made of its delivery's row and says nothing of a patient, so the bytes need no copy in the journal.
ALTER TABLE api.delivery
    ADD COLUMN digest bytea,
    ADD CONSTRAINT delivery_digest_is_sha256 CHECK (octet_length(digest) = 32);
COMMENT ON COLUMN api.delivery.digest IS
    'SHA-256 of the body that the app acknowledged. The body is made of this row (and for a day, of its members then), so it can be made again and compared. Null where it was delivered before there was a digest, and the journal has the bytes; and where nothing was delivered.';

COMMENT ON TABLE journal.entry IS
    'Every message, bytes as they came, and e-mails as they went; of a notice to an app its delivery keeps the digest (older ones are here, direction out). Written by the gateway (in) and the workers (out), changed by nobody; a row leaves with its day''s partition, which pruning drops after PMSYNC_KEEP_DAYS.';

-- The receipt changes the state of every delivery. An index whose condition names the state makes each such change write to
-- all indexes of the table; this one names what never changes. Null: written by a program that does not know the column.
ALTER TABLE api.delivery ADD COLUMN in_shadow boolean;
COMMENT ON COLUMN api.delivery.in_shadow IS
    'False where it was to be sent when it was made. For the index delivery_in_shadow only; what counts is the state.';
DROP INDEX api.delivery_in_shadow;
CREATE INDEX delivery_in_shadow ON api.delivery (practice_id, subscription_id, created_at)
    WHERE in_shadow IS NOT FALSE AND record_kind = 'appointment';
-- Room on the page for each row as the receipt leaves it: at 50 the update took half the time and half the WAL of that at 100, and
-- table and indexes together are a tenth larger.
ALTER TABLE api.delivery SET (fillfactor = 50);

-- The lock of a key: part of the key itself, which is a hash already. Programs that make it themselves make the same.
CREATE FUNCTION queue.key_lock(of_queue smallint, key bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT ('x' || encode(substring(key FROM 1 FOR 8), 'hex'))::bit(64)::bigint # (of_queue::bigint << 48)
$$;

-- For programs that do not yet enqueue by a statement of their own. Locks the distinct keys in sorted order, so that a key's
-- id order is its commit order whoever enqueues; hence enqueue last in a transaction.
CREATE OR REPLACE FUNCTION queue.enqueue(
    into_queue smallint, kinds text[], keys bytea[], practices text[], days date[], entries bigint[], payloads text[]
) RETURNS SETOF bigint
LANGUAGE sql AS $$
    INSERT INTO queue.job (queue, lane, kind, key, practice_id, received_on, entry_id, payload)
    SELECT into_queue, get_byte(j.key, 0) % held.lanes, j.kind, j.key, j.practice, j.day, j.entry, j.payload::jsonb
    FROM (
        SELECT q.lanes
        FROM (
            SELECT count(pg_advisory_xact_lock(l.number)) FROM (
                SELECT DISTINCT queue.key_lock(into_queue, k) AS number FROM unnest(keys) k ORDER BY number
            ) l
        ) locked
        LEFT JOIN queue.queue q ON q.id = into_queue
    ) held
    CROSS JOIN unnest(kinds, keys, practices, days, entries, payloads)
        WITH ORDINALITY AS j (kind, key, practice, day, entry, payload, n)
    ORDER BY j.n
    RETURNING id
$$;

-- Refuses a commit whose statements go out together with it, so that nobody has to look at their row counts before.
CREATE FUNCTION queue.lane_lost() RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a lane that was held has another owner or epoch now' USING ERRCODE = 'PM001';
END $$;
