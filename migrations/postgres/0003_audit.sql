-- Who did what with which right. Each entry holds the hash of the one before it (docs/audit.md); the triggers
-- keep entries from being changed, removed, or put anywhere but at the end.
CREATE TABLE audit (
    seq             BIGINT NOT NULL PRIMARY KEY,
    at              BIGINT NOT NULL,
    action          TEXT   NOT NULL,
    what            TEXT   NOT NULL,
    actor_kind      TEXT   NOT NULL,
    actor_id        BIGINT,
    actor_name      TEXT,
    repository_id   BIGINT,
    repository_name TEXT,
    issue           BIGINT,
    head            TEXT,
    proof           TEXT,
    decision        TEXT   NOT NULL,
    reason          TEXT,
    effects         TEXT   NOT NULL,
    delivery        TEXT,
    job             BIGINT,
    step            TEXT   NOT NULL,
    prev_hash       TEXT   NOT NULL,
    hash            TEXT   NOT NULL
);
-- A job that runs twice writes an entry once.
CREATE UNIQUE INDEX audit_once ON audit (job, step);

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries of the audit log are never changed or removed';
END $$;
CREATE TRIGGER audit_never_changes BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_never_forgets BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

CREATE FUNCTION audit_append() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit)
        OR NEW.prev_hash <> COALESCE((SELECT hash FROM audit WHERE seq = NEW.seq - 1), repeat('0', 64)) THEN
        RAISE EXCEPTION 'entries of the audit log are only added at its end';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_only_grows BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_append();
