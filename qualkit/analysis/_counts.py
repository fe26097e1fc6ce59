"""Counting for a group comparison: integer codes in, one number per code × soort × group out.

Arrays are named by what they run over: C codes, S soorten (the last one is "any"), G groups, P participants.
No step loops over codings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Ints = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """The numbers of a comparison.

    Parameters
    ----------
    k, mentions, cases : ndarray of int64, shape (C, S, G)
        Participants with at least one coding, codings, and distinct casussen of those participants.
    asked : ndarray of int64, shape (C, G)
        Participants asked about the code, with whom it came up, or who mention it.
    known : ndarray of bool, shape (C,)
        Whether the study says anywhere if the code was asked about; where false, `asked` means nothing.
    """

    k: Ints
    mentions: Ints
    cases: Ints
    asked: Ints
    known: Bools


def positions(column: pd.Series[Any], among: Sequence[str]) -> Ints:
    """Return for each row the position of its value in `among`; -1 when missing or not there.

    Only the distinct values are looked up, so a million categoricals cost one take.
    """
    import numpy as np
    import pandas as pd

    as_category = column if isinstance(column.dtype, pd.CategoricalDtype) else column.astype("category")
    where = {value: position for position, value in enumerate(among)}
    # The extra last place is what the code -1 (missing) picks.
    values = as_category.cat.categories.tolist()
    lookup = np.array([where.get(value, -1) for value in values] + [-1], dtype=np.int64)
    found: Ints = lookup[as_category.cat.codes.to_numpy()]
    return found


def count(
    code: Ints, soort: Ints, participant: Ints, *, group: Ints, shape: tuple[int, int, int], cases: Ints
) -> tuple[Ints, Ints, Ints, Bools]:
    """Return k, mentions and cases (each C × S × G), and who mentions which code (P × C).

    Parameters
    ----------
    code, soort, participant : ndarray of int64, one element per coding
        Positions; ``soort`` is -1 when the coding has none, the others are never negative.
    group : ndarray of int64, shape (P,)
        The group of each participant.
    shape : tuple of int
        C, S, G.
    cases : ndarray of int64, shape (any, 2)
        Distinct pairs of participant and casus.
    """
    import numpy as np

    n_codes, n_soorten, n_groups = shape
    n_participants = len(group)
    size = n_codes * n_soorten * n_groups

    # A coding without soort is put under "any" at first; the second step adds the other soorten to it.
    last = n_soorten - 1
    key = (code * n_soorten + np.where(soort < 0, last, soort)) * n_participants + participant
    triple, times = np.unique(key, return_counts=True)
    pair, who = np.divmod(triple, n_participants)
    whole = (pair // n_soorten * n_soorten + last) * n_participants + who
    any_triple, inverse = np.unique(whole, return_inverse=True)
    any_times = np.bincount(inverse, weights=times, minlength=len(any_triple)).astype(np.int64)
    specific = pair % n_soorten != last
    triple = np.concatenate([triple[specific], any_triple])
    times = np.concatenate([times[specific], any_times])

    pair, who = np.divmod(triple, n_participants)
    cell = pair * n_groups + group[who]
    k = np.bincount(cell, minlength=size)
    mentions = np.bincount(cell, weights=times, minlength=size).astype(np.int64)

    said = np.zeros((n_participants, n_codes), dtype=np.bool_)
    is_any = pair % n_soorten == last
    said[who[is_any], pair[is_any] // n_soorten] = True

    return (
        k.reshape(shape),
        mentions.reshape(shape),
        _distinct_cases(cell, who, cases, n_participants=n_participants, size=size).reshape(shape),
        said,
    )


def _distinct_cases(cell: Ints, who: Ints, cases: Ints, *, n_participants: int, size: int) -> Ints:
    """Return the number of distinct casussen behind each cell."""
    import numpy as np

    of, casus = cases[np.argsort(cases[:, 0], kind="stable")].T
    each = np.bincount(of, minlength=n_participants)
    first = np.cumsum(each) - each
    repeat = each[who]
    # Row i of the join is the nth casus of its participant: its own number less that of the first such row.
    nth = np.arange(repeat.sum()) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    joined = casus[np.repeat(first[who], repeat) + nth]
    n_cases = int(casus.max(initial=-1)) + 1
    if n_cases == 0:
        return np.zeros(size, dtype=np.int64)
    # By sorting: np.unique without counts hashes since numpy 2.3, which takes ten times as long here.
    key = np.sort(np.repeat(cell, repeat) * n_cases + joined)
    return np.bincount(key[np.diff(key, prepend=-1) > 0] // n_cases, minlength=size)


def asked_about(
    coverage: pd.DataFrame, bears: Bools, *, topics: Sequence[str], participants: Sequence[str]
) -> tuple[Bools, Bools]:
    """Return who was asked about which code (P × C), and for which codes anything is known of that (C).

    Parameters
    ----------
    coverage : DataFrame
        ``participant, topic, value``.
    bears : ndarray of bool, shape (topics, C)
        Which topic bears on which code.
    topics, participants : sequence of str
        In the order of the arrays.
    """
    import numpy as np

    topic = positions(coverage["topic"], topics)
    who = positions(coverage["participant"], participants)
    usable = (topic >= 0) & (who >= 0)
    raised = usable & coverage["value"].isin(["asked", "came_up"]).to_numpy()
    heard = np.zeros((len(participants), len(topics)), dtype=np.float32)
    heard[who[raised], topic[raised]] = 1
    noted = np.zeros(len(topics), dtype=np.bool_)
    noted[topic[usable]] = True
    asked: Bools = np.greater(heard @ bears.astype(np.float32), 0)
    known: Bools = np.any(bears[noted], axis=0)
    return asked, known
