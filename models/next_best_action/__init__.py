"""Next best action: what to offer at the next contact, or nothing. `choose` is what the pipelines call."""

from models.next_best_action.choosing import NOTHING, Action, PolicyParams, choose, load_params

__all__ = ["NOTHING", "Action", "PolicyParams", "choose", "load_params"]
