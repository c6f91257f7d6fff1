"""PDF, which needs the extra `pdf`: templates of typst, with the data of a paper."""

import json
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from importlib.util import find_spec

from workplace_sync.errors import SettingsError


def has_pdf() -> bool:
    """Whether a PDF can be made here."""
    return find_spec("typst") is not None


def made_pdf(template: str, data: Mapping[str, object], at: datetime, *, instead: str) -> bytes:
    """Return the PDF of a template among the papers, dated `at`: the same bytes for the same data.

    Raises SettingsError where the extra `pdf` is not installed; `instead` says what else can be asked for.
    """
    try:
        import typst  # noqa: PLC0415 - an extra: 60 MB that most never need
    except ImportError:
        raise SettingsError(
            "PDF needs the extra `pdf`.", hint=f"Run `pip install 'workplace-sync[pdf]'`, or ask for {instead}."
        ) from None
    source = (files("workplace_sync.papers") / template).read_bytes()
    # The fonts of typst itself alone: the same bytes whatever fonts a machine has.
    compiled: bytes = typst.compile(
        source, sys_inputs={"data": json.dumps(data)}, timestamp=int(at.timestamp()), ignore_system_fonts=True
    )
    return compiled
