"""The evaluator's Markdown: filled by templates, read into blocks.

Chapters are CommonMark with headings, paragraphs, emphasis and lists. Between ``{{ }}`` stand the fillings
of `qualkit.report.filling`; one that gives a table, a figure or a quotation stands on a line of its own.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qualkit.errors import Fault, QualkitError
from qualkit.report.values import Block, Heading, Inline, ListItem, Paragraph, Run

if TYPE_CHECKING:
    from markdown_it.token import Token

# private-use characters cannot come from a keyboard, so a mark is never mistaken for text
_MARK = re.compile("\ue000(\\d+)\ue001")


class Marks:
    """Blocks that fillings gave, each standing for a mark in the filled text."""

    def __init__(self) -> None:
        self._blocks: list[tuple[Block, ...]] = []

    def put(self, *blocks: Block) -> str:
        """Keep `blocks` and return the mark that stands for them."""
        self._blocks.append(blocks)
        return f"\ue000{len(self._blocks) - 1}\ue001"

    def blocks(self, number: int) -> tuple[Block, ...]:
        """Return the blocks behind a mark."""
        return self._blocks[number]


def read_chapter(
    name: str, source: str, fillings: Mapping[str, Callable[..., object] | object], marks: Marks
) -> tuple[list[Block], list[Fault]]:
    """Return the blocks of one chapter, and what is wrong with it.

    Parameters
    ----------
    name : str
        File name, for messages.
    source : str
        Markdown with fillings.
    fillings : mapping
        Names that the chapter may use between ``{{ }}``.
    marks : Marks
        Where fillings have kept their blocks.
    """
    from jinja2 import StrictUndefined
    from jinja2.exceptions import TemplateError, TemplateSyntaxError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    environment.globals = dict(fillings)
    try:
        template = environment.from_string(source)
        # jinja names its own pseudo-file in tracebacks, with the line of the chapter
        filled = template.render()
    except TemplateSyntaxError as error:
        return [], [Fault(f"{name}, line {error.lineno}", f"the filling cannot be read: {error.message}.")]
    except (TemplateError, QualkitError, TypeError) as error:
        return [], [Fault(f"{name}, line {_line(error)}", str(error))]
    try:
        return list(_blocks(filled, marks)), []
    except QualkitError as error:
        return [], [Fault(name, str(error))]


def _line(error: BaseException) -> int:
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<template>"
    ]
    return (lines[-1] if lines else None) or 1


def _blocks(filled: str, marks: Marks) -> Iterator[Block]:
    from markdown_it import MarkdownIt

    tokens = (
        MarkdownIt("commonmark", {"html": False}).disable(["image", "link", "code", "fence"]).parse(filled)
    )
    lists: list[bool] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(token.type == "ordered_list_open")
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "heading_open":
            yield _heading(int(token.tag[1]), tokens[position + 1])
        elif token.type == "inline" and tokens[position - 1].type == "paragraph_open":
            yield from _paragraph(token, lists, marks)
        elif token.type in ("blockquote_open", "hr", "html_block"):
            raise QualkitError(
                f"{token.markup!r} begins something a report has no form for. "
                "Use headings, paragraphs, lists and fillings; a quotation is {{ quote(…) }}."
            )
        position += 1


def _heading(level: int, inline: Token) -> Heading:
    text = inline.content.strip()
    numbered = not text.endswith("{-}")
    return Heading(level, text.removesuffix("{-}").strip(), numbered)


def _paragraph(inline: Token, lists: Sequence[bool], marks: Marks) -> Iterator[Block]:
    if hits := _MARK.findall(inline.content):
        if _MARK.sub("", inline.content).strip():
            raise QualkitError(
                "a table, figure or quotation stands within a paragraph. Give it a line of its own."
            )
        for number in hits:
            yield from marks.blocks(int(number))
        return
    runs = _runs(inline.children or [])
    yield ListItem(runs, ordered=lists[-1]) if lists else Paragraph(runs)


def _runs(children: Sequence[Token]) -> Inline:
    runs: list[Run] = []
    bold = italic = 0
    for child in children:
        match child.type:
            case "strong_open":
                bold += 1
            case "strong_close":
                bold -= 1
            case "em_open":
                italic += 1
            case "em_close":
                italic -= 1
            case "softbreak" | "hardbreak":
                runs.append(Run(" ", bool(bold), bool(italic)))
            case _ if child.content:
                runs.append(Run(child.content, bool(bold), bool(italic)))
            case _:
                pass
    return tuple(runs)


def read_chapters(
    paths: Sequence[Path], fillings: Mapping[str, Callable[..., object] | object], marks: Marks
) -> tuple[list[Block], list[Fault]]:
    """Return the blocks of several chapters in their order, and all that is wrong with them."""
    blocks: list[Block] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            source = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            faults.append(Fault(path.name, "is not UTF-8.", "Save it as UTF-8."))
            continue
        found, wrong = read_chapter(path.name, source, fillings, marks)
        blocks += found
        faults += wrong
    return blocks, faults
