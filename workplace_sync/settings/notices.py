"""Who is told what of an unattended run, and how."""

from pydantic_settings import BaseSettings


class NoticeSettings(BaseSettings):
    """Who is told what of an unattended run, and how."""
