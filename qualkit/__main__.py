"""``python -m qualkit``."""

from qualkit.cli.main import main

main()
