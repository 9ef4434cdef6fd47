-- What a client's key may do. Clients that are there already go on reading and hearing alarms; the right to send a feed's
-- messages is given on purpose.

ALTER TABLE api.client ADD COLUMN scopes text[] NOT NULL DEFAULT '{read}';
ALTER TABLE api.client ADD CONSTRAINT client_scopes_are_known CHECK (
    array_to_string(scopes, ' ', '-') ~ '^((read|book|alarms|feed:[^ ]+)( (read|book|alarms|feed:[^ ]+))*)?$');
COMMENT ON COLUMN api.client.scopes IS
    'read: /fhir and /changes; book: writing to the PM; feed:ID: sending messages of this feed; alarms: its webhook hears them, as api.subscription.alarms repeats.';
UPDATE api.client c SET scopes = '{read,alarms}'
FROM api.subscription s
WHERE s.practice_id = c.practice_id AND s.client_id = c.id AND s.ended_at IS NULL AND s.alarms;
GRANT SELECT (scopes) ON api.client TO pmsync_gateway;
