-- Who is booked beyond what a resource takes is for reconciliation to say, which asks the PM's list first. This said it a
-- second time, without, and no program called it.
DROP FUNCTION records.conflicts(text, timestamptz, timestamptz);
