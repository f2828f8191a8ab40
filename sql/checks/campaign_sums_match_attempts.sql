-- A campaign's hours hold each of its attempts once, and each person that it dialled, or reached, once.
-- severity: fail
-- owner: team:data
with signed as (
    select
        campaign_id,
        attempt_count,
        coalesce(sold_count, 0) as sold_count,
        person_first_attempt_count,
        coalesce(person_first_connected_count, 0) as person_first_connected_count
    from kpi.campaign_day

    union all

    select
        campaign_id,
        -count(*) as attempt_count,
        -sum(case when outcome = 'sold' then 1 else 0 end) as sold_count,
        -count(distinct coalesce(customer_key, caller_token)) as person_first_attempt_count,
        -count(distinct case when is_connected then coalesce(customer_key, caller_token) end) as person_first_connected_count
    from core.campaign_attempts
    group by campaign_id
)

select
    campaign_id, -- campaign
    sum(attempt_count) as attempt_difference_count, -- attempts: hours less attempts there are
    sum(sold_count) as sold_difference_count, -- sold: hours less attempts
    sum(person_first_attempt_count) as dialled_difference_count, -- persons dialled: hours less persons there are
    sum(person_first_connected_count) as connected_difference_count, -- persons reached: hours less persons
from signed
group by campaign_id
having sum(attempt_count) is distinct from 0
    or sum(sold_count) is distinct from 0
    or sum(person_first_attempt_count) is distinct from 0
    or sum(person_first_connected_count) is distinct from 0
