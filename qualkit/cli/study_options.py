"""What the commands of ``qualkit study`` ask for, each in the same words everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

File = Annotated[Path, typer.Argument(help="The study file, which ends in .qualkit.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Coder = Annotated[str, typer.Option("--coder", help="Who does this, such as AB; it is noted.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a few words; it is noted.")]
