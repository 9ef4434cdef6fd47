-- Who sees, on the console, what is of no practice: messages that no feed claims or that name no known practice, and their
-- jobs. Nobody is one until `pmsync user invite --administrator` says so.

ALTER TABLE console.person ADD COLUMN administrator boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN console.person.administrator IS
    'Sees and works on messages and jobs of no practice, beside those of the practices named. Written by pmsync user.';
