"""Churn: who is about to leave, with reasons. `train` and `score` are what the pipelines call; CARD.md says the rest."""

from models.churn.params import ChurnLabel, ChurnParams, load_params
from models.churn.scoring import score
from models.churn.training import train

__all__ = ["ChurnLabel", "ChurnParams", "load_params", "score", "train"]
