"""The topic guide: ``topiclijst.yaml``."""

from __future__ import annotations

from pathlib import Path

from qualkit.errors import TableError
from qualkit.fields import Parser
from qualkit.model import Topic
from qualkit.yamltree import Faults, Node, from_yaml


def read_guide(path: Path) -> list[Topic]:
    """Return the topics of a guide in its order.

    Parameters
    ----------
    path : Path
        YAML with ``topics``, a list of ``id``, ``name``, ``questions`` and ``codes`` (whose participants
        count as asked once the topic was).

    Raises
    ------
    TableError
        With every fault and its line.
    """
    faults = Faults(path.name, error=TableError, what=f"{path.name} cannot be used as a topic guide")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        faults.add(None, "is not UTF-8.", "Save it as UTF-8.")
        faults.raise_any()
    except OSError as error:
        faults.add(None, f"the file cannot be opened ({error.strerror}).", "Check the path.")
        faults.raise_any()
    parser = Parser(faults)
    top = parser.fields(from_yaml(text, faults), "a topic guide", ("topics",), ("topics",))

    def one(item: Node) -> tuple[str, Topic]:
        got = parser.fields(item, "a topic", ("id", "name", "questions", "codes"), ("id", "name"))
        key = parser.key(got.get("id"), "topic id")
        codes = [
            parser.key(node, f"a code of {key}") for node in parser.items(got.get("codes"), f"codes of {key}")
        ]
        asked = parser.items(got.get("questions"), f"questions of {key}")
        questions = [parser.string(node, f"a question of {key}") for node in asked]
        return key, Topic(
            key, parser.string(got.get("name"), f"name of {key}"), tuple(codes), tuple(questions)
        )

    topics = parser.named(top.get("topics"), "topics", "topic", one)
    faults.raise_any()
    return list(topics)
