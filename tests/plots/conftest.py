"""The plots are tested on the same hand-made study as the analyses."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "analysis"))
