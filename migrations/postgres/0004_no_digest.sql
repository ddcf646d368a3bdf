-- Nothing reads the digest of a body: what was signed was checked when it came.
ALTER TABLE deliveries DROP COLUMN body_sha256;
