-- Each contact is counted once in its channel and day, under one outcome: the outcomes add up, and to the contacts there are.
-- severity: fail
-- owner: team:data
-- part: business_date
with signed as (
    select
        business_date,
        site,
        channel,
        direction,
        contact_count,
        coalesce(contact_count - (
            answered_count + abandoned_count + abandoned_in_ivr_count + contained_in_ivr_count + timed_out_count
            + exited_by_key_count + exited_empty_count + withdrawn_count + blocked_count + failed_count + callback_count
            + open_count
        ), 1) as unaccounted_count
    from kpi.channel_day

    union all

    select
        business_date,
        site,
        channel,
        direction,
        -count(*) as contact_count,
        0 as unaccounted_count
    from core.contacts
    group by business_date, site, channel, direction
)

select
    business_date, -- day
    site, -- site
    channel, -- channel
    direction, -- direction
    sum(contact_count) as contact_difference_count, -- contacts: channel's day less contacts there are
    sum(unaccounted_count) as unaccounted_count, -- contacts of the channel's day under no outcome
from signed
group by business_date, site, channel, direction
having sum(contact_count) is distinct from 0
    or max(abs(unaccounted_count)) <> 0
