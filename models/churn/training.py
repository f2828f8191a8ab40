"""Training the churn model: fit, calibrate, measure beside the baseline on a later window, decide.

Here: windows, figures and the promotion gate.
Not here: the fitted parts (core.py), the rule (rule.py), files (registry).
The artefact that is promoted is the very one that was measured; it is not refitted afterwards.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from models.churn.core import (
    BASELINE_INPUTS,
    Bools,
    Floats,
    Logistic,
    Platt,
    fit_logistic,
    fit_platt,
    fit_trees,
    tree_margin,
)
from models.churn.params import ChurnLabel, ChurnParams
from models.churn.rule import apply_rule
from models.churn.scoring import MODEL, model_probability
from models.evaluation.classification import FIGURES, curves, measure
from models.evaluation.splits import TimeSplit, split_by_time
from models.features.declarations import BY_NAME, model_inputs
from models.features.matrix import fill_defaults, to_matrix
from models.registry import (
    CURVE_SCHEMA,
    METRIC_SCHEMA,
    Artefact,
    Decision,
    Trained,
    dump_json,
    frame_hash,
    require_columns,
)

_MEASURABLE_ROW_COUNT = 30


@dataclass(frozen=True)
class _Candidate:
    trees: str
    calibration: Platt
    baseline: Logistic
    baseline_calibration: Platt
    features: list[str]


def train(training: pl.DataFrame, label: ChurnLabel, params: ChurnParams, champion: Artefact | None = None) -> Trained:
    """Train on labelled rows and decide between candidate, champion and rule.

    Args:
        training: Columns of the customer features at past cut-offs, and `is_churned`.
        label: What leaving means; its horizon is the gap between the windows.
        params: Parameters, thresholds and the rule's assumptions.
        champion: The model in use, judged on the same later window.

    Returns:
        The decision with its reason, files and figures; nothing is saved here.

    Raises:
        MissingFeatures: A feature, `as_of_at`, `profiling_objection` or `is_churned` is absent.
    """
    features = model_inputs()
    require_columns(MODEL, training, ["customer_key", "as_of_at", "is_churned", "profiling_objection", *features])
    # Objectors are not learnt from either; a missing gate counts as an objection.
    usable = training.filter(~pl.col("profiling_objection").fill_null(value=True)).sort("as_of_at", "customer_key")
    split = split_by_time(usable, label.horizon_s)
    lacking = _what_lacks(split, params)
    if split is None or lacking is not None:
        return _rule_only(usable, label, params, lacking or "no three cut-offs one horizon apart")
    candidate = _fit(split, features, params)
    figures = _figures(split.test, candidate, label, params)
    decision, reason = _decide(figures, split.test, candidate, label, params, champion)
    files = _files(candidate, usable, split, label, params, figures)
    probability = _candidate_probability(candidate, split.test)
    return Trained(
        model=MODEL,
        decision=decision,
        reason=reason,
        files=files,
        rule_version=params.rule.version,
        metrics=_metric_frame(figures, split.test.height, usable.height),
        curves=curves(MODEL, _happened(split.test), probability),
    )


def _what_lacks(split: TimeSplit | None, params: ChurnParams) -> str | None:
    if split is None:
        return "no three cut-offs one horizon apart have labelled customers"
    enough = params.enough
    later = (enough.later_row_count, enough.later_class_count)
    needs = {
        "fit": (split.fit, enough.fit_row_count, enough.fit_class_count),
        "calibration": (split.calibration, *later),
        "test": (split.test, *later),
    }
    for window, (rows, row_count, class_count) in needs.items():
        left = int(_happened(rows).sum())
        rarer = min(left, rows.height - left)
        if rows.height < row_count or rarer < class_count:
            return (
                f"the {window} window has {rows.height} customers, {left} of whom left; "
                f"{row_count} and {class_count} of each kind are needed"
            )
    return None


def _fit(split: TimeSplit, features: list[str], params: ChurnParams) -> _Candidate:
    matrix, happened = to_matrix(MODEL, split.fit, features), _happened(split.fit)
    monotone = [BY_NAME[name].monotone for name in features]
    trees = fit_trees(matrix, happened, features, params.booster, monotone)
    baseline = fit_logistic(_baseline_matrix(split.fit), happened)
    later = _happened(split.calibration)
    return _Candidate(
        trees=trees,
        calibration=fit_platt(tree_margin(trees, to_matrix(MODEL, split.calibration, features)), later),
        baseline=baseline,
        # The baseline gets the same calibration window: else a drift would count against it alone.
        baseline_calibration=fit_platt(baseline.margin(_baseline_matrix(split.calibration)), later),
        features=features,
    )


def _figures(
    test: pl.DataFrame, candidate: _Candidate, label: ChurnLabel, params: ChurnParams
) -> dict[str, dict[str, float]]:
    happened = _happened(test)
    baseline = candidate.baseline_calibration.apply(candidate.baseline.margin(_baseline_matrix(test)))
    return {
        "model": measure(happened, _candidate_probability(candidate, test)),
        "baseline": measure(happened, baseline),
        "rule": measure(happened, _rule_probability(test, label, params)),
    }


def _decide(
    figures: dict[str, dict[str, float]],
    test: pl.DataFrame,
    candidate: _Candidate,
    label: ChurnLabel,
    params: ChurnParams,
    champion: Artefact | None,
) -> tuple[Decision, str]:
    gate = params.promotion
    model, baseline = figures["model"], figures["baseline"]
    said = (
        f"on {test.height} later customers: AUC {model['roc_auc']:.3f} (baseline {baseline['roc_auc']:.3f}), "
        f"Brier {model['brier']:.4f} (baseline {baseline['brier']:.4f})"
    )
    in_use = None
    if champion is not None and _is_comparable(champion, candidate, label):
        in_use = measure(_happened(test), model_probability(champion, test))
    if model["roc_auc"] >= gate.suspicious_auc:
        return _fall_back(in_use, baseline, params, f"not promoted, a feature seems to know the future; {said}")
    if candidate.calibration.slope <= 0:
        return _fall_back(
            in_use, baseline, params, f"not promoted, its order did not hold in the calibration window; {said}"
        )
    if not _beats(model, baseline, params):
        return _fall_back(in_use, baseline, params, f"not promoted, it does not beat the baseline; {said}")
    if in_use is not None and in_use["roc_auc"] > model["roc_auc"] and _beats(in_use, baseline, params):
        return "keep", f"the champion stays with AUC {in_use['roc_auc']:.3f}; candidate {said}"
    return "promote", f"promoted {said}"


def _is_comparable(champion: Artefact, candidate: _Candidate, label: ChurnLabel) -> bool:
    # One fitted on other features or another label can neither be judged on these rows nor score these customers.
    return champion.features == candidate.features and champion.json("artefact.json")["label"] == asdict(label)


def _fall_back(
    in_use: dict[str, float] | None, baseline: dict[str, float], params: ChurnParams, reason: str
) -> tuple[Decision, str]:
    if in_use is not None and _beats(in_use, baseline, params):
        return "keep", f"{reason}; the champion still beats the baseline and stays"
    return "rule", f"{reason}; the documented rule is used"


def _beats(figures: dict[str, float], baseline: dict[str, float], params: ChurnParams) -> bool:
    gate = params.promotion
    ranks_better = figures["roc_auc"] > baseline["roc_auc"] + gate.auc_gain
    return (
        ranks_better
        and figures["brier"] <= baseline["brier"] + gate.brier_slack
        and figures["roc_auc"] < gate.suspicious_auc
    )


def _rule_only(usable: pl.DataFrame, label: ChurnLabel, params: ChurnParams, lacking: str) -> Trained:
    """Too little to learn from: the rule, measured where the newest labels allow it."""
    test = usable.filter(pl.col("as_of_at") == pl.col("as_of_at").max())
    happened = _happened(test)
    figures: dict[str, dict[str, float]] = {}
    points = pl.DataFrame(schema=CURVE_SCHEMA)
    if test.height >= _MEASURABLE_ROW_COUNT and 0 < happened.sum() < test.height:
        probability = _rule_probability(test, label, params)
        figures["rule"] = measure(happened, probability)
        points = curves(MODEL, happened, probability)
    return Trained(
        model=MODEL,
        decision="rule",
        reason=f"too little to learn from: {lacking}; the documented rule is used",
        files=None,
        rule_version=params.rule.version,
        metrics=_metric_frame(figures, test.height, usable.height),
        curves=points,
    )


def _metric_frame(figures: dict[str, dict[str, float]], test_count: int, training_count: int) -> pl.DataFrame:
    baseline = figures.get("baseline", {})
    rows: list[tuple[str, str, float, float | None, int, str]] = [
        (MODEL, name, figures[source][name], baseline.get(name), test_count, source)
        for source in ("model", "rule")
        if source in figures
        for name in FIGURES
    ]
    source = "model" if "model" in figures else "rule"
    rows.append((MODEL, "training_row_count", float(training_count), None, training_count, source))
    return pl.DataFrame(rows, schema=METRIC_SCHEMA, orient="row")


def _files(
    candidate: _Candidate,
    usable: pl.DataFrame,
    split: TimeSplit,
    label: ChurnLabel,
    params: ChurnParams,
    figures: dict[str, dict[str, float]],
) -> dict[str, bytes]:
    moments = {
        window: [str(rows["as_of_at"].min()), str(rows["as_of_at"].max()), rows.height]
        for window, rows in (("fit", split.fit), ("calibration", split.calibration), ("test", split.test))
    }
    content = {
        "features": candidate.features,
        "calibration": candidate.calibration.as_json(),
        "baseline": candidate.baseline.as_json(),
        "baseline_calibration": candidate.baseline_calibration.as_json(),
        "label": asdict(label),
        "params": params.as_json(),
        "windows": moments,
        "data_sha256": frame_hash(usable.select("customer_key", "as_of_at", "is_churned", *candidate.features)),
    }
    points = curves(MODEL, _happened(split.test), _candidate_probability(candidate, split.test))
    return {
        "trees.txt": candidate.trees.encode(),
        "artefact.json": dump_json(content),
        "metrics.json": dump_json(figures),
        "curves.json": dump_json(points.to_dict(as_series=False)),
    }


def _candidate_probability(candidate: _Candidate, rows: pl.DataFrame) -> Floats:
    return candidate.calibration.apply(tree_margin(candidate.trees, to_matrix(MODEL, rows, candidate.features)))


def _rule_probability(rows: pl.DataFrame, label: ChurnLabel, params: ChurnParams) -> Floats:
    return apply_rule(rows, label, params.rule).get_column("churn_probability").to_numpy()


def _baseline_matrix(rows: pl.DataFrame) -> Floats:
    return fill_defaults(to_matrix(MODEL, rows, BASELINE_INPUTS), BASELINE_INPUTS)


def _happened(rows: pl.DataFrame) -> Bools:
    return rows.get_column("is_churned").cast(pl.Boolean).to_numpy().astype(np.bool_)
