"""The recipes of this repository fit the images that the product names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from components.services import SERVICES
from toolchain import recipes
from toolchain.recipes import BASE, RECIPES, Recipe

CHECKOUT = Path(__file__).resolve().parents[3]


def images_of_the_product() -> set[str]:
    base = re.findall(r"default: ([a-z]\S*:[v\d]\S*)$", (CHECKOUT / "Pulumi.yaml").read_text(), re.MULTILINE)
    assert base, "Pulumi.yaml names no image"
    return {service.image for service in SERVICES} | set(base)


def test_every_default_image_has_a_recipe() -> None:
    assert images_of_the_product() <= set(RECIPES)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.folder)
def test_a_recipe_starts_from_the_base_and_a_stand_in_says_so(recipe: Recipe) -> None:
    dockerfile = (recipes.directory(CHECKOUT, recipe) / "Dockerfile").read_text()
    assert f"FROM {BASE}\n" in dockerfile
    assert ("pgai.stand-in" in dockerfile) == recipe.stand_in


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.folder)
def test_an_image_sets_no_limit_that_only_a_preview_can_set(recipe: Recipe) -> None:
    """The original has none, and would go without where the stand-in is held back."""
    assert "GOMEMLIMIT" not in (recipes.directory(CHECKOUT, recipe) / "Dockerfile").read_text()
