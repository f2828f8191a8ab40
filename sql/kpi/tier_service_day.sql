-- Queue figures by day and value tier, as sums that may be added up: whether those worth most are served first.
-- A visit has the tier of its contact, for both are what the router was told of the call: so the contact is not asked.
-- Sums of seconds are rounded to the microsecond: added in another order they differ in the last digits.
-- grain: one row per local day, site, queue, channel, value tier and agreed variant of the service level
-- owner: team:data
-- window: business_date
select
    business_date, -- Local date
    site, -- Site
    queue, -- Queue
    channel, -- Channel
    tier, -- Value tier that the router was told; null: none
    service_level_variant, -- The variant of the service level that was agreed
    cast(sum(case when outcome not in ('full', 'join_empty', 'closed', 'diverted') then 1 else 0 end) as bigint) as offered_count, -- Visits that entered the queue: answered, abandoned, flowed out or still open
    cast(sum(case when outcome = 'answered' then 1 else 0 end) as bigint) as answered_count, -- Answered by an agent
    cast(sum(case when outcome = 'answered' and is_within_sl then 1 else 0 end) as bigint) as answered_in_sl_count, -- Answered within the threshold
    cast(sum(case when outcome = 'abandoned' then 1 else 0 end) as bigint) as abandoned_count, -- Left by the caller before an answer
    cast(sum(case when outcome = 'abandoned' and is_within_sl then 1 else 0 end) as bigint) as abandoned_in_sl_count, -- Abandoned within the threshold
    cast(sum(case when is_short_abandon then 1 else 0 end) as bigint) as short_abandoned_count, -- Abandoned no later than the short-abandon threshold
    cast(sum(case when outcome = 'timed_out' then 1 else 0 end) as bigint) as timed_out_count, -- Sent on by a timeout
    cast(sum(case when outcome = 'exited_by_key' then 1 else 0 end) as bigint) as exited_by_key_count, -- Left by pressing a key
    cast(sum(case when outcome = 'exited_empty' then 1 else 0 end) as bigint) as exited_empty_count, -- Sent on because no agent was left
    cast(sum(case when outcome = 'withdrawn' then 1 else 0 end) as bigint) as withdrawn_count, -- Taken out by the system
    cast(sum(case when outcome = 'open' then 1 else 0 end) as bigint) as open_count, -- Still waiting, or their end was not logged
    cast(sum(case when outcome in ('full', 'join_empty', 'closed') then 1 else 0 end) as bigint) as blocked_count, -- Refused before entering: full, empty or closed; not part of offered
    cast(sum(case when outcome = 'diverted' then 1 else 0 end) as bigint) as diverted_count, -- Sent elsewhere before entering: to a callback chosen at once, or by the dialplan; neither offered nor refused
    round(coalesce(sum(case when outcome = 'answered' then wait_s end), 0), 6) as answered_wait_s, -- Sum of the waits of answered visits [unit: s]
    round(coalesce(sum(case when outcome = 'abandoned' then wait_s end), 0), 6) as abandoned_wait_s, -- Sum of the waits of abandoned visits [unit: s]
    round(coalesce(sum(wait_s), 0), 6) as wait_s, -- Sum of all waits [unit: s]
    max(wait_s) as max_wait_s, -- Longest wait [unit: s]
    round(sum(ring_s), 6) as ring_s, -- Sum of the rings of answered attempts [unit: s]
    round(sum(talk_s), 6) as talk_s, -- Sum of talk [unit: s]
    round(sum(hold_s), 6) as hold_s, -- Sum of time on hold; null: no source says [unit: s]
    cast(sum(case when hold_s > 0 then 1 else 0 end) as bigint) as held_count, -- Visits that were put on hold
    round(sum(wrap_s), 6) as wrap_s, -- Sum of wrap-up; null: no source says [unit: s]
    cast(sum(case when transfer_type is not null then 1 else 0 end) as bigint) as transferred_count, -- Answered visits that ended in a transfer
    round(sum(case when coalesce(talk_s, hold_s, wrap_s) is not null then coalesce(talk_s, 0) + coalesce(hold_s, 0) + coalesce(wrap_s, 0) end), 6) as handle_s, -- Sum of talk, hold and wrap-up; null: none of them is known [unit: s]
    cast(sum(case when outcome = 'answered' and talk_s is not null then 1 else 0 end) as bigint) as talk_known_count, -- Answered visits whose talk is known
    cast(sum(case when outcome = 'answered' and hold_s is not null then 1 else 0 end) as bigint) as hold_known_count, -- Answered visits of which it is known how long they were on hold
    cast(sum(case when outcome = 'answered' and wrap_s is not null then 1 else 0 end) as bigint) as wrap_known_count, -- Answered visits whose wrap-up is known
    cast(sum(case when outcome = 'answered' and ring_s is not null then 1 else 0 end) as bigint) as ring_known_count, -- Answered visits whose ring is known
    cast(sum(case when outcome = 'answered' and coalesce(talk_s, hold_s, wrap_s) is not null then 1 else 0 end) as bigint) as handled_known_count, -- Answered visits of which talk, hold or wrap-up is known
from core.queue_visits
group by business_date, site, queue, channel, tier, service_level_variant
