"""The errors the models raise.

Belongs here: their classes. Does not belong here: what the user is told to do about them."""

from __future__ import annotations


class ModelError(Exception):
    """A model cannot be trained, loaded or applied as asked."""


class MissingFeatures(ModelError):
    """A frame lacks columns that a model was trained on.

    Args:
        model: Name of the model that needs them.
        missing: The absent columns.
    """

    def __init__(self, model: str, missing: list[str]) -> None:
        super().__init__(f"{model}: the frame lacks {', '.join(missing)}, which the model needs")
        self.missing = missing


class DamagedArtefact(ModelError):
    """A saved artefact is absent, incomplete or not what its manifest says."""
