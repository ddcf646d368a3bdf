//! The sandbox's GitHub: REST, signed webhooks, Git over HTTP, small HTML pages.
