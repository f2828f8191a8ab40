"""Every parameter has its reason, every model its card."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import churn, next_best_action, value
from models.features.declarations import model_inputs

ROOM = Path(__file__).parents[2] / "models"
MODELS = ("churn", "value", "next_best_action", "voice")


@pytest.mark.parametrize("model", MODELS)
def test_every_parameter_has_a_reason_on_its_line(model: str) -> None:
    lines = (ROOM / model / "params.toml").read_text(encoding="utf-8").splitlines()
    settings = [line for line in lines if "=" in line.partition("#")[0]]
    assert settings
    assert [line for line in settings if len(line.partition("#")[2].strip()) < 10] == []


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_a_card_that_says_what_was_measured_and_what_is_wrong(model: str) -> None:
    card = (ROOM / model / "CARD.md").read_text(encoding="utf-8")
    assert "## Measured" in card
    assert "nown faults" in card


@pytest.mark.parametrize("folder", [".", "features", "evaluation"])
def test_a_readme_is_five_lines(folder: str) -> None:
    lines = (ROOM / folder / "README.md").read_text(encoding="utf-8").strip().splitlines()
    assert lines[0].startswith("# models")
    assert len(lines) == 6


def test_the_churn_card_states_the_figures_in_force() -> None:
    card, params = (ROOM / "churn" / "CARD.md").read_text(encoding="utf-8"), churn.load_params()
    stated = f"{params.booster.tree_count} LightGBM trees of depth {params.booster.depth_count}"
    assert f"{stated} on {len(model_inputs())} features" in card
    shares = " / ".join(f"{share:.2f}"[1:] for share in params.rule.alive_shares)
    assert shares in card


def test_the_value_card_states_the_rule_in_force() -> None:
    card, params = (ROOM / "value" / "CARD.md").read_text(encoding="utf-8"), value.load_params()
    assert params.rule.version in card
    assert f"{params.promotion.total_ratio_low:.2f} to {params.promotion.total_ratio_high:.2f}" in card


def test_params_with_an_unknown_key_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "params.toml"
    path.write_text((ROOM / "next_best_action" / "params.toml").read_text(encoding="utf-8") + "\nholdout_sald = 1\n")
    with pytest.raises(TypeError, match="holdout_sald"):
        next_best_action.load_params(path)
