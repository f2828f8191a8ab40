-- Curves of the models on later data.
-- grain: one row per model, curve and point
-- owner: team:data
select
    model, -- churn or value
    version, -- Version: hash of the artefact's content
    curve, -- roc, calibration or cumulative_gain
    x, -- Horizontal
    y, -- Vertical
    n, -- Rows behind the point
from ml._model_curves
