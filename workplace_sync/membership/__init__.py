"""Desired against observed: snapshots, changes, plans."""
