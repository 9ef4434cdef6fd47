-- No foreign keys on the path of a message. Each of these made every insert look its parent up and lock it (FOR KEY SHARE):
-- together about 0.06 ms a message of PostgreSQL's time, and a write to the row of a practice, queue, subscription or resource
-- that all messages share. Their writers hold what the keys promised: a worker names a parent that it read or wrote in the same
-- transaction, and no program deletes one (practices, queues, subscriptions, resources, persons and appointments never leave).
-- The keys of tables that a message does not touch stay.

-- queue: rows are made with a queue's own id, and a queue never leaves.
ALTER TABLE queue.job DROP CONSTRAINT job_queue_fkey;
ALTER TABLE queue.blocked DROP CONSTRAINT blocked_queue_fkey;

-- api: the fan-out numbers a delivery by the subscription's row, which it holds.
ALTER TABLE api.delivery DROP CONSTRAINT delivery_practice_id_subscription_id_fkey;

-- records: the practice is the one whose counter the same commit takes, the others are written or read by it.
ALTER TABLE records.change DROP CONSTRAINT change_practice_id_fkey;
ALTER TABLE records.person_alias DROP CONSTRAINT person_alias_enterprise_id_person_id_fkey;
ALTER TABLE records.appointment
    DROP CONSTRAINT appointment_practice_id_fkey,
    DROP CONSTRAINT appointment_enterprise_id_person_id_fkey;
ALTER TABLE records.appointment_alias DROP CONSTRAINT appointment_alias_practice_id_appointment_id_fkey;
ALTER TABLE records.appointment_event DROP CONSTRAINT appointment_event_practice_id_appointment_id_fkey;
ALTER TABLE records.appointment_version DROP CONSTRAINT appointment_version_practice_id_appointment_id_fkey;
ALTER TABLE records.appointment_resource
    DROP CONSTRAINT appointment_resource_practice_id_appointment_id_fkey,
    DROP CONSTRAINT appointment_resource_practice_id_resource_id_fkey;
ALTER TABLE records.occupancy DROP CONSTRAINT occupancy_practice_id_resource_id_fkey;
ALTER TABLE records.slot DROP CONSTRAINT slot_practice_id_resource_id_fkey;

-- reconciliation: one row a message of the interface that is compared in shadow.
ALTER TABLE reconciliation.tapped
    DROP CONSTRAINT tapped_practice_id_fkey,
    DROP CONSTRAINT tapped_practice_id_subscription_id_fkey;
