-- Surveys, each once: an answer replaces the same survey without one.
-- grain: one row per survey
-- owner: team:data
with distinct_rows as (
    select
        source,
        survey_id,
        customer_id,
        contact_id,
        answered_at,
        sent_at,
        kind,
        score,
        coalesce(scale_min, case kind when 'nps' then 0 else 1 end) as scale_min,
        coalesce(scale_max, case kind when 'csat' then 5 when 'nps' then 10 else 7 end) as scale_max,
        comment,
        language,
        agent,
        min(segment_id) as segment_id,
    from raw.surveys
    group by
        source, survey_id, customer_id, contact_id, answered_at, sent_at, kind, score,
        coalesce(scale_min, case kind when 'nps' then 0 else 1 end),
        coalesce(scale_max, case kind when 'csat' then 5 when 'nps' then 10 else 7 end), comment, language, agent
),

ranked as (
    select
        *,
        row_number() over (
            partition by source, survey_id, kind
            order by
                case when answered_at is null then 1 else 0 end, answered_at desc, score, sent_at, contact_id,
                customer_id, comment, language, agent, scale_min, scale_max
        ) as state_number,
    from distinct_rows
)

select
    source, -- Source
    survey_id, -- The source's id of the survey
    customer_id, -- The CRM's id of the customer [pii]
    contact_id, -- The source's id of the contact
    answered_at, -- When it was answered; null: not
    sent_at, -- When it was sent
    kind, -- csat, nps or ces
    score, -- Score as given
    scale_min, -- Lowest score of its scale
    scale_max, -- Highest score of its scale
    comment, -- What the customer wrote [pii]
    language, -- Language of the comment
    agent, -- Agent it is about [pii]
    segment_id, -- Lake segment that the row was first read from
from ranked
where state_number = 1
