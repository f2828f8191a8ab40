-- The bins of a queue's day hold each visit that waited a known time, once, under what its wait ended in; and no bin holds
-- waits that it should not.
-- severity: fail
-- owner: team:data
-- part: business_date
with signed as (
    select
        business_date,
        site,
        queue,
        channel,
        outcome,
        case when outcome in ('answered', 'abandoned', 'flowed_out') and wait_from_s >= 0 and wait_to_s > wait_from_s then 0 else 1 end
            as odd_bin_count,
        visit_count
    from kpi.wait_histogram_day

    union all

    select
        business_date,
        site,
        queue,
        channel,
        case when outcome in ('answered', 'abandoned') then outcome else 'flowed_out' end as outcome,
        0 as odd_bin_count,
        -count(*) as visit_count
    from core.queue_visits
    where wait_s is not null and outcome not in ('open', 'full', 'join_empty', 'closed', 'diverted')
    group by
        business_date, site, queue, channel,
        case when outcome in ('answered', 'abandoned') then outcome else 'flowed_out' end
)

select
    business_date, -- day
    site, -- site
    queue, -- queue
    channel, -- channel
    outcome, -- what the wait ended in
    sum(visit_count) as visit_difference_count, -- visits: bins less visits there are
    sum(odd_bin_count) as odd_bin_count, -- bins without width, below nought, or of another outcome
from signed
group by business_date, site, queue, channel, outcome
having sum(visit_count) is distinct from 0
    or sum(odd_bin_count) <> 0
