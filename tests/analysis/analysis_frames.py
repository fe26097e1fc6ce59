"""A study made by hand: frames of a few rows, in the shapes and dtypes of a real study."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from qualkit.model import Provenance

CATEGORICAL = ("document_id", "participant", "code_id", "code", "soort", "oordeel", "coder")


@dataclass
class Stub:
    """`qualkit.model.Frames` over plain rows.

    codings: (document, participant, code, soort, coder, start); codes: (key, name, parent, codable, colour).
    """

    participants: list[tuple[str, str]]
    codings: list[tuple]
    codes: list[tuple]
    cases: list[tuple[str, str]] = field(default_factory=list)
    coverage: list[tuple[str, str, str, str]] = field(default_factory=list)
    topics: list[tuple[str, str]] = field(default_factory=list)

    provenance = Provenance("ab" * 32, "proef", "1.0.0", ("earlier filter",))

    def frame(self, name: str) -> pd.DataFrame:
        return getattr(self, f"_{name}")()

    def _participants(self) -> pd.DataFrame:
        return pd.DataFrame(self.participants, columns=["participant", "groep"])

    def _codings(self) -> pd.DataFrame:
        columns = ["document_id", "participant", "code_id", "soort", "coder", "start"]
        frame = pd.DataFrame(self.codings, columns=columns)
        frame = frame.assign(
            end=frame["start"] + 4,
            text=[f"words {place}" for place in range(len(frame))],
            code=frame["code_id"],
            oordeel=None,
            coding_id=[f"c{place}" for place in range(len(frame))],
        )
        return frame.astype(dict.fromkeys(CATEGORICAL, "category"))

    def _codes(self) -> pd.DataFrame:
        parent = {key: above for key, _, above, _, _ in self.codes}

        def category(key: str) -> str:
            return key if parent[key] is None else category(parent[key])

        rows = [
            {
                "code_id": key,
                "code": name,
                "parent": above,
                "category": category(key),
                "codable": codable,
                "colour": colour,
            }
            for key, name, above, codable, colour in self.codes
        ]
        return pd.DataFrame(rows).astype(
            dict.fromkeys(("code_id", "code", "parent", "category", "colour"), "str")
        )

    def _cases(self) -> pd.DataFrame:
        return pd.DataFrame(self.cases, columns=["participant", "casus"])

    def _coverage(self) -> pd.DataFrame:
        return pd.DataFrame(self.coverage, columns=["document_id", "participant", "topic", "value"])

    def _topics(self) -> pd.DataFrame:
        return pd.DataFrame(self.topics, columns=["topic", "code_id"])


CODES = [
    ("A", "Werkwijze", None, False, "#112299"),
    ("A1", "Expertise", "A", True, "#112299"),
    ("A2", "Drempel", "A", True, "#112299"),
    ("D", "Opvolging", None, False, None),
    ("D1", "Verloop na <advies>", "D", True, None),
    ("D9", "Vervallen", "D", False, None),
    ("D2", "Nazorg", "D", True, None),
    ("Z1", "Los", None, True, None),
]


def small(**changes: object) -> Stub:
    """Five participants in three groups; P1 speaks twice; Q2 has no casus and no codings."""
    given: dict[str, object] = {
        "participants": [("P1", "leden"), ("P2", "leden"), ("Q1", "jeugd"), ("Q2", "jeugd"), ("R1", "zorg")],
        "codings": [
            ("P1a", "P1", "A1", "belemmerend", "AB", 0),
            ("P1b", "P1", "A1", "belemmerend", "AB", 10),
            ("P1b", "P1", "A1", "bevorderend", "AB", 10),
            ("P2", "P2", "A1", "bevorderend", "AB", 0),
            # the same words coded twice over
            ("P2", "P2", "D1", "gewenst", "AB", 20),
            ("P2", "P2", "D1", "gewenst", "AB", 20),
            # came up, although the topic was not asked
            ("Q1", "Q1", "D1", None, "AB", 5),
            # a code that is out of use since
            ("Q1", "Q1", "D9", "gewenst", "AB", 7),
        ],
        "codes": CODES,
        "cases": [("P1", "K1"), ("P1", "K2"), ("P2", "K1"), ("P2", "K1"), ("Q1", "K1")],
        "coverage": [
            ("P1a", "P1", "T1", "not_asked"),
            ("P1b", "P1", "T1", "asked"),
            ("P2", "P2", "T1", "asked"),
            ("Q1", "Q1", "T1", "came_up"),
            ("Q2", "Q2", "T1", "asked"),
            ("R1", "R1", "T1", "not_asked"),
            ("P1a", "P1", "T2", "asked"),
            ("Q1", "Q1", "T2", "not_asked"),
            ("Q2", "Q2", "T2", "not_asked"),
            ("R1", "R1", "T2", "asked"),
        ],
        # T1 bears on all of A; T2 on D1; nothing bears on D2 or Z1
        "topics": [("T1", "A"), ("T2", "D1"), ("T2", "D1")],
    }
    return Stub(**(given | changes))  # type: ignore[arg-type]
