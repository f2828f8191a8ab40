-- How good the models are on later data, beside a simple baseline on the same rows.
-- grain: one row per model and metric
-- owner: team:data
select
    m.model, -- churn or value
    m.version, -- Version: hash of the artefact's content
    m.metric, -- Metric
    m.value, -- Its value
    m.baseline_value, -- The baseline's value on the same rows
    m.n, -- Rows measured on
    m.trained_at, -- When
    m.source, -- model, or rule where there was too little data or the model did not beat the baseline
    d.decision, -- promote, keep or rule
    d.reason, -- Why, in a sentence
from ml._model_metrics as m
left join ml._model_decisions as d on m.model = d.model
