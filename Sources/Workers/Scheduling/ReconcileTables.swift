import Postgres

/// The temporary tables of one comparison. A list's lines go in by COPY as they are read, the database finds which of our
/// records they are, passes over what is equal in everything that is compared, and gives the rest back in the order of
/// keys: so memory here does not grow with the lists. They belong to the session that made them and are emptied before
/// and after.
enum ReconcileTables {
    static func prepare(_ session: Session) async throws {
        try await session.script(make + empty)
    }

    static func clear(_ session: Session) async throws {
        try await session.script(empty)
    }

    private static let empty = """
        TRUNCATE pg_temp.listed, pg_temp.numbering, pg_temp.patient, pg_temp.known, pg_temp.rest, pg_temp.bookable,
            pg_temp.ours, pg_temp.unlike, pg_temp.doubt, pg_temp.doubted, pg_temp.theirs, pg_temp.clash, pg_temp.sifted, pg_temp.verdict;
        """

    /// listed: lines as they came; side 0 is the PM's, each app has its own. numbering, patient: what lines are matched by;
    /// known: the record that a line is, with what it says of it in one number; rest: lines that are none. ours: our
    /// records, with the same number; bookable: who and what they take. unlike: where the numbers differ; doubt: what is
    /// therefore looked at; doubted: our records of it, and theirs: what the lists say of it. clash: who overbooks whom.
    /// sifted: what is not simply equal. verdict: what became of that.
    private static let make = """
        CREATE TEMP TABLE IF NOT EXISTS listed (
            side smallint, n bigint, reference text, patient text, own uuid, is_block boolean, by_reference boolean,
            name_kinds text[], name_authorities text[], name_values text[], start_at timestamptz, end_at timestamptz,
            status text, source_status text, derived boolean, resource text, location text, version bigint,
            changed_at timestamptz, last4 text);
        CREATE TEMP TABLE IF NOT EXISTS numbering (names text, kind text, authority text, rank integer);
        CREATE TEMP TABLE IF NOT EXISTS patient (word text, person_id uuid, initials text);
        CREATE TEMP TABLE IF NOT EXISTS known (side smallint, n bigint, record uuid, digest bigint);
        CREATE TEMP TABLE IF NOT EXISTS rest (
            side smallint, n bigint, reference text, patient text, is_block boolean, by_reference boolean,
            name_kinds text[], name_authorities text[], name_values text[], start_at timestamptz, resource text,
            person_id uuid, digest bigint);
        CREATE TEMP TABLE IF NOT EXISTS bookable (
            id uuid, number integer, kind text, code text, site text, capacity integer);
        CREATE TEMP TABLE IF NOT EXISTS theirs (
            side smallint, record uuid, reference text, names text[], bears_our_id boolean, person_id uuid, person text,
            initials text, last4 text, start_at timestamptz, end_at timestamptz, status text, source_status text,
            derived boolean, live boolean, resource text, location text, version bigint, changed_at timestamptz,
            twice boolean DEFAULT false, part boolean DEFAULT false);
        CREATE TEMP TABLE IF NOT EXISTS ours (
            id uuid, version integer, status text, source_status text, start_at timestamptz, end_at timestamptz,
            changed_at timestamptz, created_at timestamptz, person_id uuid, initials text, resource text, location text,
            derived boolean, live boolean, overbooked boolean, inside boolean, digest bigint);
        CREATE TEMP TABLE IF NOT EXISTS unlike (side smallint, id uuid, is_listed boolean);
        CREATE TEMP TABLE IF NOT EXISTS doubt (id uuid PRIMARY KEY);
        CREATE TEMP TABLE IF NOT EXISTS doubted (LIKE pg_temp.ours);
        CREATE TEMP TABLE IF NOT EXISTS clash (id uuid, other uuid);
        CREATE TEMP TABLE IF NOT EXISTS sifted (
            id uuid PRIMARY KEY, class text, in_pm smallint, in_app smallint, inside boolean,
            part boolean DEFAULT false);
        CREATE TEMP TABLE IF NOT EXISTS verdict (
            id uuid, record_id uuid, reference text, day date, start_at timestamptz, location text, provider text,
            status text, in_pm smallint, here smallint, in_app smallint, standing text, reasons text[], sides text,
            initials text, last4 text);

        """
}
