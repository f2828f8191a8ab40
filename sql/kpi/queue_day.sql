-- Queue figures by day, as sums that may be added up; ratios are made of them, never averaged.
-- A visit belongs to the local day in which it entered the queue, unless callwright.toml says another interval ownership.
-- Sums of seconds are rounded to the microsecond: added in another order they differ in the last digits.
-- grain: one row per local day, site, queue, channel and agreed variant of the service level
-- owner: team:data
-- window: business_date
select
    business_date, -- Local date
    site, -- Site
    queue, -- Queue
    channel, -- Channel
    service_level_variant, -- The variant of the service level that was agreed
    cast(sum(offered_count) as bigint) as offered_count, -- Visits that entered the queue: answered, abandoned, flowed out or still open
    cast(sum(answered_count) as bigint) as answered_count, -- Answered by an agent
    cast(sum(answered_in_sl_count) as bigint) as answered_in_sl_count, -- Answered within the threshold
    cast(sum(abandoned_count) as bigint) as abandoned_count, -- Left by the caller before an answer
    cast(sum(abandoned_in_sl_count) as bigint) as abandoned_in_sl_count, -- Abandoned within the threshold
    cast(sum(short_abandoned_count) as bigint) as short_abandoned_count, -- Abandoned no later than the short-abandon threshold
    cast(sum(timed_out_count) as bigint) as timed_out_count, -- Sent on by a timeout
    cast(sum(exited_by_key_count) as bigint) as exited_by_key_count, -- Left by pressing a key
    cast(sum(exited_empty_count) as bigint) as exited_empty_count, -- Sent on because no agent was left
    cast(sum(withdrawn_count) as bigint) as withdrawn_count, -- Taken out by the system
    cast(sum(open_count) as bigint) as open_count, -- Still waiting, or their end was not logged
    cast(sum(blocked_count) as bigint) as blocked_count, -- Refused before entering: full, empty or closed; not part of offered
    cast(sum(diverted_count) as bigint) as diverted_count, -- Sent elsewhere before entering: to a callback chosen at once, or by the dialplan; neither offered nor refused
    round(sum(answered_wait_s), 6) as answered_wait_s, -- Sum of the waits of answered visits [unit: s]
    round(sum(abandoned_wait_s), 6) as abandoned_wait_s, -- Sum of the waits of abandoned visits [unit: s]
    round(sum(wait_s), 6) as wait_s, -- Sum of all waits [unit: s]
    max(max_wait_s) as max_wait_s, -- Longest wait [unit: s]
    round(sum(ring_s), 6) as ring_s, -- Sum of the rings of answered attempts [unit: s]
    round(sum(talk_s), 6) as talk_s, -- Sum of talk [unit: s]
    round(sum(hold_s), 6) as hold_s, -- Sum of time on hold; null: no source says [unit: s]
    cast(sum(held_count) as bigint) as held_count, -- Visits that were put on hold
    round(sum(wrap_s), 6) as wrap_s, -- Sum of wrap-up; null: no source says [unit: s]
    cast(sum(transferred_count) as bigint) as transferred_count, -- Answered visits that ended in a transfer
    round(sum(handle_s), 6) as handle_s, -- Sum of talk, hold and wrap-up; null: none of them is known [unit: s]
    cast(sum(talk_known_count) as bigint) as talk_known_count, -- Answered visits whose talk is known
    cast(sum(hold_known_count) as bigint) as hold_known_count, -- Answered visits of which it is known how long they were on hold
    cast(sum(wrap_known_count) as bigint) as wrap_known_count, -- Answered visits whose wrap-up is known
    cast(sum(ring_known_count) as bigint) as ring_known_count, -- Answered visits whose ring is known
    cast(sum(handled_known_count) as bigint) as handled_known_count, -- Answered visits of which talk, hold or wrap-up is known
from kpi.queue_interval
group by business_date, site, queue, channel, service_level_variant
