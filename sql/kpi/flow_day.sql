-- The ways that contacts took, as links between nodes: arrival, the IVR, each queue in its turn, the outcome.
-- What comes into a node at one step leaves it at the next. `ivr` as in kpi.ivr_day.
-- Most contacts come to two queues at most, whose names stand in the contact: the visits of the others alone are read.
-- grain: one row per local day of arrival, site, channel, step and pair of nodes
-- owner: team:data
-- window: business_date
with alike as (
    select
        business_date,
        site,
        channel,
        case when ivr_s > 0 or outcome in ('contained_in_ivr', 'abandoned_in_ivr') then 1 else 0 end as ivr_count,
        queue_visit_count,
        first_queue,
        case when queue_visit_count = 2 then last_queue end as second_queue,
        outcome,
        count(*) as contact_count,
    from core.contacts
    group by
        business_date, site, channel,
        case when ivr_s > 0 or outcome in ('contained_in_ivr', 'abandoned_in_ivr') then 1 else 0 end,
        queue_visit_count, first_queue, case when queue_visit_count = 2 then last_queue end, outcome
),

-- Links of all contacts before the first queue, and of those with at most two visits behind it.
links as (
    select
        business_date,
        site,
        channel,
        1 as step_number,
        'arrival' as from_node,
        case
            when ivr_count = 1 then 'ivr'
            when queue_visit_count > 0 then 'queue:' || first_queue
            else 'outcome:' || outcome
        end as to_node,
        contact_count,
    from alike
    union all
    select
        business_date,
        site,
        channel,
        2 as step_number,
        'ivr' as from_node,
        case when queue_visit_count > 0 then 'queue:' || first_queue else 'outcome:' || outcome end as to_node,
        contact_count,
    from alike
    where ivr_count = 1
    union all
    select
        business_date,
        site,
        channel,
        ivr_count + 2 as step_number,
        'queue:' || first_queue as from_node,
        case when queue_visit_count = 2 then 'queue:' || second_queue else 'outcome:' || outcome end as to_node,
        contact_count,
    from alike
    where queue_visit_count in (1, 2)
    union all
    select
        business_date,
        site,
        channel,
        ivr_count + 3 as step_number,
        'queue:' || second_queue as from_node,
        'outcome:' || outcome as to_node,
        contact_count,
    from alike
    where queue_visit_count = 2
    union all
    select
        c.business_date,
        c.site,
        c.channel,
        case when c.ivr_s > 0 then 1 else 0 end + 1 + v.visit_seq as step_number,
        'queue:' || v.queue as from_node,
        coalesce(
            'queue:' || lead(v.queue) over (partition by v.contact_key order by v.visit_seq),
            'outcome:' || c.outcome
        ) as to_node,
        1 as contact_count,
    from core.contacts as c
    inner join core.queue_visits as v on c.contact_key = v.contact_key
    where c.queue_visit_count > 2
)

select
    business_date, -- Local date of arrival
    site, -- Site of the contact
    channel, -- Channel of the contact
    cast(step_number as bigint) as step_number, -- Which link of the way, from 1
    from_node, -- arrival, ivr or queue:<name>
    to_node, -- ivr, queue:<name> or outcome:<outcome of the contact>
    cast(sum(contact_count) as bigint) as contact_count, -- Contacts that took it
from links
group by business_date, site, channel, step_number, from_node, to_node
