-- The catalogue of metrics: what each is, how it is computed, whose definition it is. The table macro of its column
-- `macro`, or kpi(), computes it.
-- grain: one row per metric
-- owner: team:data
select
    metric, -- Name of the metric
    macro, -- Table macro that computes it; its other metrics are variants, named by variant :=
    is_default, -- Whether the macro computes this one where no variant is named
    label_en, -- Label, English
    label_zh, -- Label, Chinese
    short_label_en, -- Label for a card, English
    short_label_zh, -- Label for a card, Chinese
    meaning_en, -- What it is, English
    meaning_zh, -- What it is, Chinese
    formula, -- Value over the columns of the sums
    is_total, -- Whether the value is a sum or a maximum, with nothing to divide by
    sums, -- Table macro of the sums that it is made of
    argument, -- What the sums are narrowed to: a kind of survey, a window, a share; null: nothing
    grains, -- What it can be had by, separated by commas
    unit, -- share (0 to 1), s, count, amount (the centre's currency), points, score, attempts or per_hour
    good_direction, -- up, down or neither
    minimum_n, -- A value of fewer observations is shown greyed; null: the centre's own minimum holds
    basis, -- measured, attributed or modelled
    watched_by, -- The series of it that are watched, separated by commas: see kpi.signals; null: none
    source, -- Whose definition it is
    unlike, -- How it differs from metrics that are taken for it
from build.metrics
