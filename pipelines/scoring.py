"""Training, scoring and handing scores to the router: features in, decisions out.

Belongs here: wiring between feature tables, models/ and router/. Does not belong here: the maths (models/), how scores
are stored for the router (router/publish.py). models/ imports lightgbm and scikit-learn only when it trains or scores.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import duckdb
import polars as pl

from pipelines.errors import CallwrightError
from pipelines.router.publish import publish_scores as publish_to_router
from pipelines.router.store import current_version
from pipelines.settings import check_actions
from pipelines.settings_tables import DAY_S
from pipelines.sqlgraph import Column
from pipelines.warehouse import Built, Warehouse

if TYPE_CHECKING:
    from models import churn
    from pipelines.session import Session

# Each million takes a gigabyte while a model learns. Of a simulated year of 1,000 seats 6.6 million rows gave an AUC of
# 0.715 and a Brier score of 0.0291, a share of 0.86 million 0.719 and 0.0296: the same within chance.
_TRAINING_ROWS_MAX = 1_000_000
_LABELLED = (
    "select f.*, l.{label} from features.customer_features f"
    " join features.{labels} l using (customer_key, as_of_at)"
    " where f.purpose = 'train' and md5_number_lower(f.customer_key) % 1000 < {per_mille}"
)
_NOW = "select * from features.customer_features where purpose = 'score'"
_DECIDED = ("churn_probability", "expected_value_amount", "tier")


def train_models(warehouse: Warehouse) -> Built:
    """`ml._model_metrics`, `ml._model_curves`: trains churn and value, puts in force whichever beats its baseline."""
    version = _version(warehouse, "features.customer_features", "features.churn_labels", "features.value_labels")
    if warehouse.version("ml._model_metrics") == version and warehouse.version("ml._model_curves") == version:
        return Built("ml._model_metrics", warehouse.row_count("ml._model_metrics"), is_fresh=False)
    from models import churn, registry, value

    root, label = warehouse.home.models, _churn_label(warehouse)
    with _model_errors():
        # Nothing else holds the rows of one while the other learns: of a million customers they are gigabytes.
        trained = (
            churn.train(
                labelled(warehouse.con, "is_churned", "churn_labels"),
                label,
                churn.load_params(),
                registry.champion(root, "churn"),
            ),
            value.train(
                labelled(warehouse.con, "next_order_amount", "value_labels"), label.horizon_s, value.load_params()
            ),
        )
        for result in trained:
            registry.apply(root, result)
    now = datetime.now(UTC)
    decisions = pl.DataFrame(
        [{"model": t.model, "version": t.version, "decision": t.decision, "reason": t.reason} for t in trained]
    )
    warehouse.write_frame("ml._model_curves", pl.concat([t.curve_rows() for t in trained]), version)
    warehouse.write_frame("ml._model_decisions", decisions, version)
    rows = warehouse.write_frame("ml._model_metrics", pl.concat([t.metric_rows(now) for t in trained]), version)
    return Built("ml._model_metrics", rows, is_fresh=True)


def labelled(con: duckdb.DuckDBPyConnection, label: str, labels: str) -> pl.DataFrame:
    """What a model learns from: the features of customers at past cut-offs, and what came of them.

    Of many, a share of the customers with all their cut-offs, drawn by a hash of their keys: the same share again.
    """
    counted = "select count(*) from features.customer_features where purpose = 'train'"
    row_count = con.execute(counted).fetchall()[0][0]
    per_mille = min(1000, max(1, 1000 * _TRAINING_ROWS_MAX // max(1, row_count)))
    query = _LABELLED.format(label=label, labels=labels, per_mille=per_mille)
    return cast("pl.DataFrame", con.sql(query).pl())


def score_customers(warehouse: Warehouse) -> Built:
    """`ml._scores`: every customer's tier, action and treatment as of now."""
    version = _version(warehouse, "features.customer_features", "ml._model_metrics", "raw.action_outcomes")
    if warehouse.version("ml._scores") == version and not _expires_soon(warehouse):
        return Built("ml._scores", warehouse.row_count("ml._scores"), is_fresh=False)
    from models import churn, next_best_action, registry, scores, value

    settings, root = warehouse.settings, warehouse.home.models
    label, now = _churn_label(warehouse), warehouse.con.sql(_NOW).pl()
    with _model_errors():
        risk = churn.score(registry.champion(root, "churn"), now, label, churn.load_params())
        horizon_s = settings.models.value.horizon_days * DAY_S
        worth = value.estimate(
            registry.champion(root, "value"), now, settings.centre.currency, value.load_params(), horizon_s
        )
        names, shares = settings.tiers.names, settings.tiers.shares
        tiers = value.assign_tiers(worth, names, shares, settings.tiers.hysteresis, _previous_tiers(warehouse))
        frame = _with_eligibility(warehouse, _joined(now, risk, worth, tiers))
        catalogue = [
            next_best_action.Action(a.id, a.cost, a.expected_effect, a.channel, a.effect_on, a.is_marketing)
            for a in settings.actions
        ]
        choices = next_best_action.choose(
            frame, catalogue, settings.router.holdout_share, next_best_action.load_params(), settings.costs.margin_rate
        )
        rows = scores.combine(risk, worth, tiers, choices)
    scored = _with_treatment(warehouse, rows)
    row_count = warehouse.write_frame("ml._scores", scored, version)
    _append_history(warehouse, scored)
    return Built("ml._scores", row_count, is_fresh=True)


def publish_scores(session: Session) -> Mapping[str, Any]:
    """Hands the scores to the router, unless it has just these."""
    warehouse, home = session.warehouse, session.home
    scores = warehouse.con.sql("select * from ml.customer_scores").pl()
    version = scores["version"].max() if scores.height else None
    present = current_version(home.path)
    if present is not None and present == version:
        return {"version": present, "customers": scores.height, "changed": False}
    numbers = warehouse.con.sql("select caller_token, customer_key from staging.customer_numbers").pl()
    manifest = {
        "model_versions": {"all": scores["model_version"].unique().sort().to_list()},
        "data_through_at": warehouse.data_through(),
        "snapshot": session.snapshot.name if session.snapshot else None,
        **({"version": version} if version else {}),
    }
    folder = publish_to_router(home.path, scores, numbers, manifest)
    return {"version": folder.name, "customers": scores.height, "numbers": numbers.height, "changed": True}


# --- pieces ----------------------------------------------------------------------------------------------


def _version(warehouse: Warehouse, *tables: str) -> str:
    """What training or scoring rests upon: its tables, and the settings of models, tiers, actions, router and costs."""
    settings = warehouse.settings
    parts = [settings.models, settings.tiers, settings.router, settings.costs, *settings.actions]
    basis = [part.model_dump_json() for part in parts] + [str(warehouse.version(table)) for table in tables]
    return hashlib.sha256(json.dumps(basis).encode()).hexdigest()[:16]


def _frame(warehouse: Warehouse, query: str) -> pl.DataFrame:
    return cast("pl.DataFrame", warehouse.con.sql(query).pl())


def _churn_label(warehouse: Warehouse) -> churn.ChurnLabel:
    from models import churn

    wanted = warehouse.settings.models.churn
    return churn.ChurnLabel(kind=wanted.label, horizon_s=wanted.horizon_days * DAY_S)


def _expires_soon(warehouse: Warehouse) -> bool:
    """Whether the scores have less than half of their life before them."""
    found = warehouse.con.execute("select min(scored_at), min(expires_at) from ml._scores").fetchall()[0]
    if found[0] is None:
        return False
    return bool(datetime.now(UTC) >= found[0] + (found[1] - found[0]) / 2)


def _previous_tiers(warehouse: Warehouse) -> pl.DataFrame | None:
    if warehouse.version("ml._scores") is None:
        return None
    return _frame(warehouse, "select customer_key, tier from ml._scores where tier is not null")


def _joined(now: pl.DataFrame, risk: pl.DataFrame, worth: pl.DataFrame, tiers: pl.DataFrame) -> pl.DataFrame:
    decided = risk.select("customer_key", "churn_probability")
    decided = decided.join(worth.select("customer_key", "expected_value_amount"), on="customer_key")
    return now.join(decided.join(tiers, on="customer_key", how="left"), on="customer_key", maintain_order="left")


def _with_eligibility(warehouse: Warehouse, frame: pl.DataFrame) -> pl.DataFrame:
    """One boolean column `eligible_<action>` for each action: its condition, its validity, and its contact policy."""
    from models.features.declarations import CUSTOMER_FEATURES

    settings = warehouse.settings
    check_actions(settings, {f.name for f in CUSTOMER_FEATURES} | set(_DECIDED), warehouse.home.settings_path)
    con = warehouse.con
    con.register("scored", frame.to_arrow())
    con.execute(
        "create or replace temp table shown as select k.customer_key, o.action, o.shown_at"
        " from raw.action_outcomes o join staging.customer_keys k using (customer_id) group by all"
    )
    today = warehouse.data_through().date()
    columns = [
        f"coalesce(({a.eligible_when}), false) and {_is_valid(a, today)} and {_is_due(a)} as eligible_{a.id}"
        for a in settings.actions
    ]
    found = _frame(warehouse, f"select {', '.join(['s.*', *columns])} from scored s order by s.customer_key")
    con.unregister("scored")
    return found


def _is_valid(action: Any, today: Any) -> str:
    begun = action.valid_from is None or action.valid_from <= today
    over = action.valid_to is not None and action.valid_to <= today
    return str(begun and not over).lower()


def _is_due(action: Any) -> str:
    """The contact policy: not shown more often than `at_most` says."""
    if action.at_most is None:
        return "true"
    return (
        "(select count(*) from shown where shown.customer_key = s.customer_key"
        f" and shown.action = '{action.id}' and date_diff('second', shown.shown_at, s.as_of_at) < {action.at_most_s})"
        f" < {action.at_most_count}"
    )


def _with_treatment(warehouse: Warehouse, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds what the router does: priority, head start and queue of the tier, and how long the score holds."""
    settings = warehouse.settings
    names = settings.tiers.names
    treatment = pl.DataFrame(
        {
            "tier": list(names),
            "priority": [settings.tiers.treatment_of(n).priority for n in names],
            "head_start_s": [settings.tiers.treatment_of(n).head_start_s for n in names],
            "queue": [settings.tiers.treatment_of(n).queue for n in names],
        },
        schema={"tier": pl.String, "priority": pl.Int64, "head_start_s": pl.Float64, "queue": pl.String},
    )
    router = settings.router
    is_default = pl.col("is_default_treatment") | pl.col("tier").is_null() | pl.col("priority").is_null()
    now = datetime.now(UTC).replace(microsecond=0)
    joined = rows.join(treatment, on="tier", how="left", maintain_order="left").with_columns(
        pl.when(is_default).then(router.default_priority).otherwise("priority").cast(pl.Int64).alias("priority"),
        pl.when(is_default).then(router.default_head_start_s).otherwise("head_start_s").alias("head_start_s"),
        pl.when(is_default).then(pl.lit(router.default_queue, pl.String)).otherwise("queue").alias("queue"),
        # Who objects to profiling is in no arm: neither treated nor compared.
        pl.when(pl.col("arm") != "excluded").then("arm").alias("arm"),
        pl.lit(now).alias("scored_at"),
        pl.lit(now + timedelta(hours=router.expires_after_hours)).alias("expires_at"),
    )
    content = hashlib.sha256(joined.drop("scored_at", "expires_at").write_json().encode()).hexdigest()[:8]
    return joined.with_columns(pl.lit(f"{now.strftime('%Y%m%dT%H%M%S%fZ')}-{content}").alias("version"))


def _append_history(warehouse: Warehouse, scored: pl.DataFrame) -> None:
    kept = scored.select(
        "customer_key", "tier", "action", "arm", "churn_probability", "expected_value_amount", "currency", "source",
        "model_version", "version", "scored_at",
    )  # fmt: skip
    is_begun = warehouse.version("ml._score_history") is not None
    version = str(scored["version"].max())
    warehouse.write_frame("ml._score_history", kept, version, append=is_begun)


@contextmanager
def _model_errors() -> Iterator[None]:
    """Gives what models/ raises an exit code: models/ knows nothing of ours."""
    from models.errors import ModelError

    try:
        yield
    except ModelError as error:
        raise CallwrightError(f"models: {error}", "see models/README.md; nothing was published") from error


def _documented(*names: str) -> tuple[Column, ...]:
    """Columns of a table that is nobody's interface: the one in sql/ml made of it says what they mean."""
    return tuple(Column(name, "As in the table of sql/ml that is made of it.", {}) for name in names)


# Tables that a step writes beside its own.
BY_PRODUCTS = {
    "ml._model_curves": "ml._model_metrics",
    "ml._model_decisions": "ml._model_metrics",
    "ml._score_history": "ml._scores",
}
STEPS = (
    (
        "ml/_model_metrics",
        ("features/customer_features", "features/churn_labels", "features/value_labels"),
        train_models,
        "Trains churn and value on the past and measures them on later data. Grain: one row per model and metric.",
        _documented("model", "version", "metric", "value", "baseline_value", "n", "trained_at", "source"),
    ),
    (
        "ml/_scores",
        ("ml/_model_metrics", "features/customer_features", "raw/action_outcomes", "staging/customer_keys"),
        score_customers,
        "Tier, action and treatment of every customer as of now. Grain: one row per customer.",
        _documented(
            "customer_key",
            "tier",
            "action",
            "propensity",
            "arm",
            "churn_probability",
            "expected_value_amount",
            "currency",
            "reasons",
            "source",
            "model_version",
            "is_default_treatment",
            "priority",
            "head_start_s",
            "queue",
            "scored_at",
            "expires_at",
            "version",
        ),
    ),
)
