//! Decisions of the client, without I/O: catch-up, order, outbox, budget, notifications
