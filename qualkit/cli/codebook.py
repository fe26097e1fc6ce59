"""``qualkit codebook``: check a codebook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from qualkit.cli.output import counted, say, say_json

app = typer.Typer(no_args_is_help=True, help="A codebook: its releases and their codes.")


@app.callback()
def _codebook() -> None:
    pass


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A release (YAML), or the folder of releases.")],
    version: Annotated[str | None, typer.Option("--version", help="Which release of the folder.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a release of a codebook and say what it holds; all faults at once.

    Example: qualkit codebook check codebooks/ret-evaluatie --version 1.0.0
    """
    from qualkit.codebook import Codebook

    codebook = Codebook.read(path, version=version)
    found: dict[str, object] = {
        "codebook": codebook.name,
        "version": codebook.version,
        "categories": sum(1 for code in codebook.codes if code.parent is None),
        "codes": len(codebook.codable()),
        "relations": len(codebook.relations),
        "sha256": codebook.sha256,
    }
    if json:
        say_json(found)
    else:
        categories = counted(cast(int, found["categories"]), "category", "categories")
        say(
            f"{codebook.name} {codebook.version}: no faults; {categories}, {counted(cast(int, found['codes']), 'code')}."
        )
