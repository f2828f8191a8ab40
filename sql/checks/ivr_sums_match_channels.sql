-- Who was in the IVR by channel was there by number too, as long and with the same end; and nobody went two ways from there.
-- severity: fail
-- owner: team:data
-- part: business_date
with signed as (
    select
        business_date,
        site,
        channel,
        contained_count,
        abandoned_count,
        coalesce(ivr_s, 0) as ivr_s,
        case when ivr_contact_count >= contained_count + abandoned_count + to_queue_count then 0 else 1 end as odd_node_count
    from kpi.ivr_day

    union all

    select
        business_date,
        site,
        channel,
        -contained_in_ivr_count as contained_count,
        -abandoned_in_ivr_count as abandoned_count,
        -coalesce(ivr_s, 0) as ivr_s,
        0 as odd_node_count
    from kpi.channel_day
)

select
    business_date, -- day
    site, -- site
    channel, -- channel
    sum(contained_count) as contained_difference_count, -- contained: nodes less channel
    sum(abandoned_count) as abandoned_difference_count, -- abandoned: nodes less channel
    sum(ivr_s) as ivr_difference_s, -- time in the IVR: nodes less channel
    sum(odd_node_count) as odd_node_count, -- nodes that more left than came to
from signed
group by business_date, site, channel
having sum(contained_count) is distinct from 0
    or sum(abandoned_count) is distinct from 0
    or abs(sum(ivr_s)) > 0.001 + 0.000000001 * sum(abs(ivr_s))
    or sum(odd_node_count) <> 0
