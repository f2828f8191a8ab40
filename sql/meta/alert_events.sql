-- When each alert was first seen, was over, or was taken back by late records: what was told, and when.
-- grain: one row per alert and event
-- owner: team:data
select
    cast(alert_key as uuid) as alert_key, -- The alert
    event, -- raised, over or withdrawn (late records changed the figures)
    noted_at, -- When a run noted it
    is_open, -- Whether the alert was still going on then
    is_recent, -- Whether it was news; what was older than two weeks of data when first seen is history and was told to nobody
    kind, -- Kind of the alert
    subject, -- What it is about
    raised_date, -- Local day whose figure raised it
    text_en, -- In a sentence as it stood then, English
    text_zh, -- In a sentence as it stood then, Chinese
from meta._alert_events
