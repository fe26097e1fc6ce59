"""Participants and their attributes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from qualkit.acts import desk
from qualkit.model import Participant
from qualkit.store.undo import Change

if TYPE_CHECKING:
    from qualkit.study import Study


def add_participants(study: Study, participants: Iterable[Participant]) -> None:
    """Add participants with their attributes, or set the attributes of those that are there.

    Parameters
    ----------
    participants : iterable of Participant
        Empty values are left out.
    """
    with study.atomic():
        new = list(participants)
        known = _known(study, "add_participants", "participant", "key", [one.key for one in new])
        names = [name for one in new for name in one.values]
        attributes = _known(study, "add_attributes", "attribute", "name", names)
        rows: list[desk.Row] = []
        gone: list[Change] = []
        for one in new:
            for name, values in one.values.items():
                rows += _values(study, known[one.key], attributes[name], values, gone)
        if rows or gone:
            # the values from before make place in the same act, so that one undo brings them back
            _write_values(study, rows, gone)


def _write_values(study: Study, rows: Sequence[desk.Row], gone: Sequence[Change]) -> None:
    names = ("id", "participant", "attribute", "position", "value")
    for number, part in enumerate(desk.parts(rows) if rows else [()]):
        desk.append(study, "set_values", desk.columns(names, part), gone if number == 0 else ())


def _values(
    study: Study, participant: str, attribute: str, values: Sequence[str], gone: list[Change]
) -> list[desk.Row]:
    filled = [value for value in values if value]
    # by the attribute's name: two copies may each have made an attribute of one name
    held = study._file.query(
        "SELECT value.id, t.body FROM value JOIN text AS t ON t.id = value.value"
        " JOIN attribute AS a ON a.id = value.attribute JOIN text AS n ON n.id = a.name"
        " JOIN attribute AS this ON this.id = ? JOIN text AS m ON m.id = this.name AND m.body = n.body"
        " WHERE participant = ? AND removed = 0 ORDER BY position, value.id",
        (attribute, participant),
    )
    if [body for _, body in held] == filled:
        return []
    gone += [("value", str(id_), "removed", 0, 1) for id_, _ in held]
    return [
        (
            desk.made_id(study, "value", participant, attribute, str(position)),
            participant,
            attribute,
            position,
            study._file.add_text(value),
        )
        for position, value in enumerate(filled)
    ]


def _known(study: Study, kind: str, table: str, column: str, names: Iterable[str]) -> dict[str, str]:
    known = desk.named(study, table, column)
    new = [name for name in dict.fromkeys(names) if name not in known]
    if new:
        ids = [desk.made_id(study, table, name) for name in new]
        desk.append(study, kind, {"id": ids, column: [study._file.add_text(name) for name in new]})
        known.update(zip(new, ids, strict=True))
    return known
