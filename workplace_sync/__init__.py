"""Keeps a union's group on a workplace platform in step with its roster, and proves what was done."""

__version__ = "0.2.0"
