//! Every word that the bot says: check runs, comments, terminal, JSON, SARIF.
