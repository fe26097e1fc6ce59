"""Plain text and Markdown: bytes to the text as it was typed."""

from __future__ import annotations

import codecs
from pathlib import Path

from qualkit.errors import SourceError

# UTF-32 first: its little-endian mark begins with that of UTF-16
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
RESAVE = "Save it again as plain text, encoding UTF-8."


class EncodingFault(ValueError):  # noqa: N818 - it becomes the clause of a SourceError or of a TableError
    """Bytes that are no text in any encoding we take; the message is the clause that says which."""


def decode(data: bytes) -> str:
    """Return the text in `data`, newlines made one character, without byte order mark.

    Taken in this order: what a byte order mark says (UTF-8, UTF-16, UTF-32), else UTF-8, else Windows-1252.

    Parameters
    ----------
    data : bytes
        The whole file.

    Raises
    ------
    EncodingFault
        When the bytes are no text in any of these.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(encoding)
            except UnicodeDecodeError as error:
                place = error.start + len(mark)
                raise EncodingFault(
                    f"the bytes from offset {place} are no {encoding.upper()} text."
                ) from None
            break
    else:
        text = _decode_unmarked(data)
    if "\0" in text:
        raise EncodingFault(f"this is no plain text: character {text.index(chr(0))} is a NUL.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode_unmarked(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        raise EncodingFault(
            f"byte 0x{byte:02X} at offset {error.start} is neither UTF-8 nor Windows-1252."
        ) from None


def read_text(path: Path, data: bytes) -> str:
    """Return the text of a .txt or .md file, word for word.

    Parameters
    ----------
    path : Path
        Where the file came from, for messages.
    data : bytes
        The file.

    Raises
    ------
    SourceError
        When the file is empty, holds white space only, or is no text.
    """
    if not data:
        raise SourceError(path, "the file is empty (0 bytes).", "Copy it again from where it came from.")
    try:
        text = decode(data)
    except EncodingFault as fault:
        raise SourceError(path, str(fault), RESAVE) from None
    if not text.strip():
        raise SourceError(path, "the file holds no text.", "Copy it again from where it came from.")
    return text
