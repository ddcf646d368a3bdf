//! Webhook payloads to events: our own structs, tolerant of unknown actions and fields.
