"""Evidence: an append-only log whose entries hide people and whose tree hides nothing."""
