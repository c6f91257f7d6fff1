"""Who may be in the group, and on what basis."""
