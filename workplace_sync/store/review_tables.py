"""The tables of what reviewers decided about single changes, beside those of `tables` about plans. Like those of `tables`, they never leave this package."""
