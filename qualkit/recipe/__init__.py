"""The recipe of a study, and the main job: from a recipe to a study file and all outputs."""

from __future__ import annotations

from qualkit.recipe.main_job import LEFT_OUT, Built, build
from qualkit.recipe.read import Recipe

__all__ = ["LEFT_OUT", "Built", "Recipe", "build"]
