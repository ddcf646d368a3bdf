-- Fairness: jobs of one priority are leased in the order of their turns (see src/store/turns.rs).
ALTER TABLE jobs ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
DROP INDEX jobs_next;
CREATE INDEX jobs_next ON jobs (priority, turn, run_at, id) WHERE state = 'waiting';
CREATE INDEX jobs_turns_given ON jobs (priority, repository, turn) WHERE state = 'waiting';
CREATE INDEX jobs_turns_taken ON jobs (priority, turn) WHERE state <> 'waiting';

-- How a body is kept: 'identity', or 'lz4' with its length in front.
ALTER TABLE deliveries ADD COLUMN coding TEXT NOT NULL DEFAULT 'identity';

-- Set once the installation has moved to another database: nothing is taken in or leased here any more.
CREATE TABLE moved (
    at BIGINT NOT NULL
);
