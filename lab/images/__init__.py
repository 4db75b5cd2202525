"""Images of the local cluster, made from Debian packages: no registry and no Docker engine needed."""

from pathlib import Path

from cli.paths import CACHE
from lab import cache
from lab.images import debian
from lab.images.build import archive, path_of
from lab.images.docker import image_id
from lab.images.recipes import asked_for, recipes

__all__ = ["ASKED_FOR", "REFERENCES", "archives", "image_id"]

#: What a pod spec says in `image`, by short name.
REFERENCES: dict[str, str] = {recipe.name: recipe.reference for recipe in (*recipes(), *asked_for())}
#: Those of them that a system has only where it names them.
ASKED_FOR: dict[str, str] = {recipe.name: recipe.reference for recipe in asked_for()}


def prepare() -> None:
    """See, before anything is built, that the images can be made: install what that takes, or refuse.

    Raises:
        Problem: A program is missing and cannot be installed.
    """
    if not all(path_of(recipe).exists() for recipe in recipes()):
        debian.require_tools()


def archives(*names: str) -> dict[str, Path]:
    """Build what is missing and return the docker archive of each image; without `names`, of those of every system."""
    every = [*recipes(), *asked_for()]
    cache.note(CACHE, "images", {path_of(recipe).parent.name for recipe in every})
    wanted = [recipe for recipe in every if recipe.name in names] if names else recipes()
    whole = all(path_of(recipe).exists() for recipe in wanted)
    found = {recipe.name: archive(recipe) for recipe in wanted}
    if not whole:
        cache.tell(CACHE)
    return found
