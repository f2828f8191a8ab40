-- What happened, to be told beside the figures: what callwright.toml says, and the days on which the clocks change.
-- grain: one row per annotation
-- owner: team:data
with days as (
    select unnest(generate_series(
        cast(min(business_date) as timestamp), cast(max(business_date) as timestamp), interval 1 day
    )) as midnight
    from core.contacts
),

lengths as (
    select
        cast(midnight as date) as business_date,
        epoch(timezone(getvariable('timezone'), midnight + interval 1 day)) - epoch(timezone(getvariable('timezone'), midnight)) as day_s,
    from days
)

select
    from_date, -- First local day
    to_date, -- Last local day
    site, -- Site; null: all
    'stated' as kind, -- stated (in callwright.toml) or clock_change
    what_en, -- What happened, English
    what_zh, -- What happened, Chinese
    is_usual, -- Whether other days may be measured by these; if not, no alert is raised for them
from settings.annotations
union all
select
    business_date as from_date,
    business_date as to_date,
    cast(null as varchar) as site,
    'clock_change' as kind,
    printf('The clocks change: this day has %g hours', day_s / 3600) as what_en,
    printf('时钟调整：当天有 %g 小时', day_s / 3600) as what_zh,
    true as is_usual,
from lengths
where day_s <> 86400
