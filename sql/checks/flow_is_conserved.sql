-- Contacts that come into a node at one step leave it at the next, none is lost on the way, and all arrive once and end once.
-- severity: fail
-- owner: team:data
-- part: business_date
with signed as (
    select
        business_date,
        site,
        channel,
        step_number,
        from_node as node,
        -contact_count as contact_count
    from kpi.flow_day

    union all

    select
        business_date,
        site,
        channel,
        step_number + 1 as step_number,
        to_node as node,
        contact_count
    from kpi.flow_day
    where to_node not like 'outcome:%'

    union all

    select
        business_date,
        site,
        channel,
        1 as step_number,
        'arrival' as node,
        contact_count
    from kpi.channel_day

    union all

    -- Those who came to an end in all of a day.
    select
        business_date,
        site,
        channel,
        0 as step_number,
        'outcome' as node,
        contact_count
    from kpi.flow_day
    where to_node like 'outcome:%'

    union all

    select
        business_date,
        site,
        channel,
        0 as step_number,
        'outcome' as node,
        -contact_count as contact_count
    from kpi.channel_day
)

select
    business_date, -- day
    site, -- site
    channel, -- channel
    step_number, -- step at which they leave the node; 0: the end
    node, -- node; outcome: all ends together
    sum(contact_count) as contact_difference_count, -- contacts that came less contacts that left
from signed
group by business_date, site, channel, step_number, node
having sum(contact_count) is distinct from 0
