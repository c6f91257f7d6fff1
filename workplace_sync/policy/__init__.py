"""The rules engine: policy files, facts, decisions. Pure: text and values come in, decisions go out."""
