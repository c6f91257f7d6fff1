"""What is attached to a report, made safe to keep: looked at by its bytes, pictures drawn anew, the file's name forgotten.

A picture says where and when and with what it was taken, and a PDF who wrote it on which machine. Pictures are therefore
decoded and written again from their pixels alone. No library here can do that for PDF, so a PDF is taken of a reporter
who is named anyhow, and refused of all others, with the advice to take a picture of it.
"""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageOps

from workplace_sync.cases.categories import Attachments
from workplace_sync.cases.escalation import Confidentiality
from workplace_sync.errors import UsageError

BLOCK = 65_536
"""Files are padded to so many bytes before they are encrypted."""

_PIXELS = 40_000_000
_PDF, _TEXT = "application/pdf", "text/plain"
_SIGNS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"%PDF-", _PDF),
)
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_CONTROLS = frozenset(map(chr, range(32))) - set("\t\n\r\f")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to keep or to show: its media type and its bytes, without a name."""

    media_type: str
    content: bytes

    def as_bytes(self) -> bytes:
        """Return both in one."""
        return self.media_type.encode() + b"\n" + self.content

    @classmethod
    def parse(cls, whole: bytes) -> "Attachment":
        """Return what `as_bytes` wrote."""
        media_type, _, content = whole.partition(b"\n")
        return cls(media_type.decode(), content)


def clean_all(contents: Sequence[bytes], rules: Attachments, treatment: Confidentiality) -> list[Attachment]:
    """Return files as they may be kept; raises UsageError for the first that may not be, or for too many."""
    if len(contents) > rules.most:
        raise UsageError(f"There are more than {rules.most} files.", hint="Send the others with another message.")
    return [clean(content, rules, treatment) for content in contents]


def clean(content: bytes, rules: Attachments, treatment: Confidentiality) -> Attachment:
    """Return a file as it may be kept. Raises UsageError for a type or a size that is not taken, or a broken picture."""
    if len(content) > rules.largest:
        raise UsageError(f"A file is larger than {rules.largest:,} bytes.", hint="Send a smaller picture of it.")
    kind = sniffed(content)
    if kind not in rules.types:
        taken = ", ".join(one.rpartition("/")[2].upper() for one in rules.types)
        raise UsageError("A file is of a type that is not taken.", hint=f"Taken: {taken}.")
    if kind == _PDF and treatment is not Confidentiality.NAMED:
        raise UsageError(
            "A PDF can say who made it, and is not taken of those who are not named.",
            hint="Take a picture of the pages, or a screenshot, and attach that.",
        )
    return Attachment(kind, _redrawn(content, kind) if kind in _FORMATS else content)


def sniffed(content: bytes) -> str:
    """Return the media type that the bytes show, whatever they were said to be; '' where it is none of those taken."""
    for sign, kind in _SIGNS:
        if content.startswith(sign):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return ""
    return "" if _CONTROLS & set(text) else _TEXT


def _redrawn(content: bytes, kind: str) -> bytes:
    """Return a picture made anew of its pixels, the right way up, and of nothing else that was in the file."""
    try:
        pixels = _pixels(content, kind)
    except UsageError:
        raise
    except Exception:  # noqa: BLE001 - decoders of others raise whatever they stumble over (struct.error, IndexError ...)
        raise UsageError(
            "A picture cannot be read.", hint="Save it again as PNG or JPEG, or take a screenshot."
        ) from None
    bare = Image.frombytes(pixels.mode, pixels.size, pixels.tobytes())
    written = io.BytesIO()
    bare.save(written, _FORMATS[kind], **({"quality": 90} if kind == "image/jpeg" else {}))
    return written.getvalue()


def _pixels(content: bytes, kind: str) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(content), formats=[_FORMATS[kind]]) as opened:
            if opened.width * opened.height > _PIXELS:
                raise UsageError("A picture has too many pixels.", hint="Send a smaller one.")
            upright = ImageOps.exif_transpose(opened)
            solid = kind == "image/jpeg" or not upright.has_transparency_data
            return upright.convert("RGB" if solid else "RGBA")
