"""What every act needs: names to ids, columns of rows, and the writing of one event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from qualkit.errors import StoreError, UnknownNameError
from qualkit.store.chain import derived_id, new_id
from qualkit.store.file import BULK
from qualkit.store.undo import Change, block

if TYPE_CHECKING:
    from qualkit.study import Study

Row = tuple[object, ...]


def append(study: Study, kind: str, body: dict[str, object], changes: Sequence[Change] = ()) -> None:
    """Write one event by the coder of this session, with what it changes."""
    if study._coder_name is None:
        raise StoreError(
            "nobody is named as coder. Open the study with coder=, so that changes have an author."
        )
    coder = coder_id(study, study._coder_name)
    study._file.append(kind, {**body, "changes": block(changes)} if changes else body, coder=coder)


def coder_id(study: Study, name: str, kind: str = "person") -> str:
    """Return the id of a coder, who becomes known to the study when that is needed."""
    known = named(study, "coder", "name")
    if name not in known:
        id_ = derived(study, "coder", name)
        body: dict[str, object] = {"id": id_, "name": study._file.add_text(name), "kind": kind}
        study._file.append("add_coder", body, coder=id_)
        known[name] = id_
    return known[name]


def derived(study: Study, *parts: str) -> str:
    """Return the id that the same content always has within this study."""
    return derived_id(study._file.study, *parts)


def made_id(study: Study, *parts: str) -> str:
    """Return an id from content in a build, and a random one elsewhere."""
    return derived(study, *parts) if study._file.tool == "build" else new_id()


def named(study: Study, table: str, column: str) -> dict[str, str]:
    """Return name to id for what is in use in a table."""
    rows = study._file.query(
        f"SELECT t.body, x.id FROM {table} AS x JOIN text AS t ON t.id = x.{column}"
        + (" WHERE x.removed = 0" if table in ("participant", "document") else "")
        # of two with one name, as two copies may have made them, the first one is meant, here and everywhere
        + " ORDER BY x.id DESC"
    )
    return {str(name): str(id_) for name, id_ in rows}


def one_of(study: Study, table: str, column: str, name: str) -> str:
    """Return the id of one thing by its name.

    Raises
    ------
    UnknownNameError
        When there is no such thing.
    """
    known = named(study, table, column)
    if name not in known:
        raise UnknownNameError(table, name, sorted(known))
    return known[name]


def parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Yield rows in bulks that one event may hold."""
    for first in range(0, len(rows), BULK):
        yield rows[first : first + BULK]


def columns(names: Sequence[str], rows: Iterable[Row]) -> dict[str, object]:
    """Return rows as columns."""
    listed = list(rows)
    return {name: [row[i] for row in listed] for i, name in enumerate(names)}
