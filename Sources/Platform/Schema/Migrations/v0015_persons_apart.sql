-- An MRN belongs to a practice and a local number to nobody in particular: where a message bears the person's own id (a GUID)
-- and the number is that of somebody with another, it is another person.
CREATE OR REPLACE FUNCTION records.seen_person(
    enterprise text, kinds text[], authorities text[], alias_values text[], trusts smallint[],
    seen_family text, seen_given text, seen_birth date, seen_sex text, seen_phone text, seen_email text
) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    found uuid;
    known bigint;
    one text;
    is_told_all boolean;
    survivor uuid;
BEGIN
    -- Usually everything is known already: then nothing is locked and nothing written.
    FOR pass IN 1..2 LOOP
        SELECT count(p.person_id), (array_agg(p.person_id ORDER BY a.trust DESC, p.first_seen_at)
            FILTER (WHERE p.person_id IS NOT NULL))[1]
        INTO known, found
        FROM unnest(kinds, authorities, alias_values, trusts) AS a (kind, authority, value, trust)
        LEFT JOIN LATERAL (
            SELECT x.person_id, x.first_seen_at FROM records.person_alias x
            WHERE x.enterprise_id = enterprise AND x.kind = a.kind AND x.authority = a.authority AND x.value = a.value
                -- A number that two practices or a reused chart share makes nobody one: the person's own id does.
                AND NOT EXISTS (
                    SELECT FROM unnest(kinds, authorities, alias_values, trusts) AS s (kind, authority, value, trust)
                    WHERE s.kind = 'person' AND s.trust > a.trust
                        AND EXISTS (
                            SELECT FROM records.person_alias y
                            WHERE y.enterprise_id = enterprise AND y.person_id = x.person_id AND y.kind = s.kind
                                AND y.authority = s.authority)
                        AND NOT EXISTS (
                            SELECT FROM records.person_alias y
                            WHERE y.enterprise_id = enterprise AND y.person_id = x.person_id AND y.kind = s.kind
                                AND y.authority = s.authority AND y.value = s.value))
            LIMIT 1
        ) p ON true;
        IF found IS NOT NULL THEN
            SELECT coalesce(p.survivor, p.id), NOT p.provisional OR NOT (
                (p.family = '' AND seen_family <> '') OR (p.given = '' AND seen_given <> '')
                OR (p.birth_date IS NULL AND seen_birth IS NOT NULL) OR (p.sex = '' AND seen_sex <> '')
                OR (p.phone = '' AND seen_phone <> '') OR (p.email = '' AND seen_email <> ''))
            INTO survivor, is_told_all
            FROM records.person p WHERE p.enterprise_id = enterprise AND p.id = found;
            IF known = cardinality(kinds) AND is_told_all THEN RETURN survivor; END IF;
        END IF;
        EXIT WHEN pass = 2;
        FOR one IN
            SELECT DISTINCT a.kind || '/' || a.authority || '/' || a.value
            FROM unnest(kinds, authorities, alias_values) AS a (kind, authority, value) ORDER BY 1
        LOOP
            PERFORM pg_advisory_xact_lock(hashtextextended(enterprise || '/' || one, 7));
        END LOOP;
    END LOOP;
    IF found IS NULL THEN
        found := gen_random_uuid();
        survivor := found;
        INSERT INTO records.person (enterprise_id, id, family, given, birth_date, sex, phone, email)
        VALUES (enterprise, found, seen_family, seen_given, seen_birth, seen_sex, seen_phone, seen_email);
    ELSIF NOT is_told_all THEN
        UPDATE records.person p SET
            family = CASE WHEN p.family = '' THEN seen_family ELSE p.family END,
            given = CASE WHEN p.given = '' THEN seen_given ELSE p.given END,
            birth_date = coalesce(p.birth_date, seen_birth),
            sex = CASE WHEN p.sex = '' THEN seen_sex ELSE p.sex END,
            phone = CASE WHEN p.phone = '' THEN seen_phone ELSE p.phone END,
            email = CASE WHEN p.email = '' THEN seen_email ELSE p.email END,
            changed_at = clock_timestamp()
        WHERE p.enterprise_id = enterprise AND p.id = found AND p.provisional;
    END IF;
    INSERT INTO records.person_alias (enterprise_id, kind, authority, value, person_id, trust)
    SELECT enterprise, a.kind, a.authority, a.value, found, a.trust
    FROM unnest(kinds, authorities, alias_values, trusts) AS a (kind, authority, value, trust)
    ON CONFLICT DO NOTHING;
    RETURN survivor;
END $$;
