"""The append-only log: RFC 6962 tree, C2SP checkpoints and proofs."""
