-- The conservation ledger: what was offered is what was answered, abandoned, flowed out or is open; blocked and diverted stand beside it.
-- Counted from the visits, not from the KPI tables, so that the two can be held against each other.
-- grain: one row per queue and half hour
-- owner: team:data
select
    queue, -- Queue
    interval_started_at, -- Begin of the half hour
    cast(count(*) - sum(case when outcome in ('full', 'join_empty', 'closed', 'diverted') then 1 else 0 end) as bigint) as offered_count, -- Visits that entered
    cast(sum(case when outcome = 'answered' then 1 else 0 end) as bigint) as answered_count, -- Answered by an agent
    cast(sum(case when outcome = 'abandoned' then 1 else 0 end) as bigint) as abandoned_count, -- Left by the caller before an answer
    cast(sum(case when outcome = 'timed_out' then 1 else 0 end) as bigint) as timed_out_count, -- Sent on by a timeout
    cast(sum(case when outcome = 'exited_by_key' then 1 else 0 end) as bigint) as exited_by_key_count, -- Left by pressing a key
    cast(sum(case when outcome = 'exited_empty' then 1 else 0 end) as bigint) as exited_empty_count, -- Sent on because no agent was left
    cast(sum(case when outcome = 'withdrawn' then 1 else 0 end) as bigint) as withdrawn_count, -- Taken out by the system
    cast(sum(case when outcome = 'open' then 1 else 0 end) as bigint) as open_count, -- Still waiting, or their end was not logged
    cast(sum(case when outcome in ('full', 'join_empty', 'closed') then 1 else 0 end) as bigint) as blocked_count, -- Refused before entering: full, empty or closed; not part of offered
    cast(sum(case when outcome = 'diverted' then 1 else 0 end) as bigint) as diverted_count, -- Sent elsewhere before entering: to a callback chosen at once, or by the dialplan; neither offered nor refused
    cast(count(*) - sum(case when outcome in (
        'answered', 'abandoned', 'timed_out', 'exited_by_key', 'exited_empty', 'withdrawn', 'open', 'full', 'join_empty',
        'closed', 'diverted'
    ) then 1 else 0 end) as bigint) as difference_count, -- Offered less all outcomes; must be 0
from core.queue_visits
group by queue, interval_started_at
