-- Times are milliseconds since 1970 UTC; JSON is kept as text. Types and clauses are those that
-- PostgreSQL has too, except for AUTOINCREMENT and BLOB.

CREATE TABLE deliveries (
    guid          TEXT   NOT NULL PRIMARY KEY,
    event         TEXT   NOT NULL,
    action        TEXT,
    body_sha256   TEXT   NOT NULL,
    body          BLOB   NOT NULL,
    received_at   BIGINT NOT NULL,
    installation  BIGINT,
    repository_id BIGINT
);
CREATE INDEX deliveries_received ON deliveries (received_at);

-- AUTOINCREMENT: an id is never handed out again, as with PostgreSQL's identity columns.
CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    merge_key   TEXT   NOT NULL,
    payload     TEXT   NOT NULL,
    priority    BIGINT NOT NULL,
    repository  BIGINT,
    state       TEXT   NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'dead')),
    attempts    BIGINT NOT NULL DEFAULT 0,
    run_at      BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT,
    fence       BIGINT NOT NULL DEFAULT 0,
    reason      TEXT,
    created_at  BIGINT NOT NULL,
    finished_at BIGINT,
    CHECK ((state = 'running') = (lease_until IS NOT NULL))
);
-- The two promises of the queue, kept by the database itself.
CREATE UNIQUE INDEX jobs_one_waiting_per_key ON jobs (kind, merge_key) WHERE state = 'waiting';
CREATE UNIQUE INDEX jobs_one_running_per_subject ON jobs (subject) WHERE state = 'running';
CREATE INDEX jobs_next ON jobs (priority, run_at, id) WHERE state = 'waiting';
CREATE INDEX jobs_by_state ON jobs (state, finished_at);

-- A merged job answers several deliveries, a delivery may ask for several jobs.
CREATE TABLE delivery_jobs (
    delivery TEXT   NOT NULL REFERENCES deliveries (guid) ON DELETE CASCADE,
    job      BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    PRIMARY KEY (delivery, job)
);
CREATE INDEX delivery_jobs_by_job ON delivery_jobs (job);

-- What was done to the outside world: the intent first, then what came of it.
CREATE TABLE effects (
    kind       TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('intent', 'done')),
    value      TEXT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (kind, key)
);

-- Cursors and hints that jobs keep between runs.
CREATE TABLE facts (
    kind       TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    value      TEXT   NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (kind, key)
);
