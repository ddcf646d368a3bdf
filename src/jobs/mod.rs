//! What the bot does: one file per job.
