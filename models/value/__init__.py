"""Expected spend of customers, and their tier. The pipelines call `train`, `estimate`, `assign_tiers`."""

from models.value.estimating import estimate
from models.value.params import ValueParams, load_params
from models.value.tiers import assign_tiers
from models.value.training import train

__all__ = ["ValueParams", "assign_tiers", "estimate", "load_params", "train"]
