-- Cases, each once: of several states of one case the furthest counts (closed before open, the latest close first, then solved).
-- grain: one row per case
-- owner: team:data
with distinct_rows as (
    select
        case_id, customer_id, opened_at, closed_at,
        -- A case without a status is open for as long as it is not closed; how a closed one ended is not known.
        coalesce(status, case when closed_at is null then 'open' end) as status,
        reason, contact_id,
        min(segment_id) as segment_id,
    from raw.cases
    group by
        case_id, customer_id, opened_at, closed_at, coalesce(status, case when closed_at is null then 'open' end), reason,
        contact_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by case_id
            order by
                closed_at desc nulls last,
                case status when 'solved' then 1 when 'unsolved' then 2 when 'open' then 4 else 3 end,
                opened_at, customer_id, reason nulls last, contact_id nulls last
        ) as state_number,
    from distinct_rows
)

select
    case_id, -- The CRM's id of the case
    customer_id, -- The CRM's id of the customer [pii]
    opened_at, -- When it was opened
    closed_at, -- When it was closed; null: it was not
    status, -- open, solved or unsolved; null: closed, and the CRM does not say how
    reason, -- What it is about
    contact_id, -- The source's id of the contact that opened it, where known
    segment_id, -- Lake segment that the row was first read from
from ranked
where state_number = 1
