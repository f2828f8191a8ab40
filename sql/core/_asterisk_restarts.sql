-- Restarts of Asterisk: what was open before one was cut off by it.
-- grain: one row per restart
-- owner: team:data
-- changes: since_at, restarted_at
with restarts as (
    select event_at as restarted_at
    from staging.asterisk_queue_log
    where event = 'QUEUESTART'
    group by event_at
)

select
    restarted_at, -- When it started again
    lag(restarted_at) over (order by restarted_at) as since_at, -- The restart before; null: none is known
from restarts
