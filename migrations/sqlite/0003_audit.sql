-- Who did what with which right. Each entry holds the hash of the one before it (docs/audit.md); the triggers
-- keep entries from being changed, removed, replaced, or put anywhere but at the end.
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

CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log are never changed');
END;
CREATE TRIGGER audit_never_forgets BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log are never removed');
END;
-- Also stops INSERT OR REPLACE, which removes rows without asking the trigger above.
CREATE TRIGGER audit_only_grows BEFORE INSERT ON audit
WHEN NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit)
    OR NEW.prev_hash <> COALESCE((SELECT hash FROM audit WHERE seq = NEW.seq - 1), hex(zeroblob(32)))
    OR EXISTS (SELECT 1 FROM audit WHERE job = NEW.job AND step = NEW.step)
BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log are only added at its end');
END;
