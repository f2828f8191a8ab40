"""Churn: who is about to leave, with reasons. The pipelines call `train` and `score`."""

from models.churn.params import ChurnLabel, ChurnParams, load_params
from models.churn.scoring import score
from models.churn.training import train

__all__ = ["ChurnLabel", "ChurnParams", "load_params", "score", "train"]
