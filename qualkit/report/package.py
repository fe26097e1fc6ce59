"""Writing a file so that it is there whole or not at all; zip packages with equal bytes for equal parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from qualkit.errors import OutputError

CONTENT_TYPES = "[Content_Types].xml"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to; what is written there takes the place of `path` when the block ends well.

    After an error `path` is as it was, and nothing else is left. The file is written in a hidden folder
    beside `path`: on the same disk, so that it can be moved in one step, and not among the temporary files
    of the machine, since it holds participants' words. The folder is of use for other passing files too.

    Parameters
    ----------
    path : Path
        The file to write or replace.

    Yields
    ------
    Path
        Where to write.

    Raises
    ------
    OutputError
        When the system does not let the file be written.
    """
    try:
        with TemporaryDirectory(dir=path.parent, prefix=".qualkit-", ignore_cleanup_errors=True) as folder:
            beside = Path(folder) / path.name
            yield beside
            beside.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{path} cannot be written: {reason}. Check that the folder is there and may be written in, "
            "and close the file where it is open."
        ) from error


def write_package(path: Path, parts: Mapping[str, bytes]) -> None:
    """Write an Office Open XML package; equal parts give the same bytes.

    Parameters
    ----------
    path : Path
        The file to write or replace.
    parts : mapping of str to bytes
        Name within the package, such as ``word/document.xml``, to content.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    with replacing(path) as beside, ZipFile(beside, "w", ZIP_DEFLATED) as package:
        # readers that stream the package look for the content types first
        for name in sorted(parts, key=lambda name: (name != CONTENT_TYPES, name)):
            entry = ZipInfo(name)  # dated 1980 by itself
            entry.compress_type = ZIP_DEFLATED
            entry.create_system = 0  # otherwise the system that writes would show in the bytes
            package.writestr(entry, parts[name])
