"""The rules engine: policy files, facts, decisions."""
