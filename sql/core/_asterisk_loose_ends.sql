-- Channels with an answer or an end too many in a queue where somebody entered and neither was answered nor left: without an
-- entry, answered and lost, or a talk that does not fill its time. A table of its own, so that no join counts on many.
-- grain: one row per channel and queue
-- owner: team:data
with entries as (
    select
        queue,
        min(logged_entered_at) as entered_at,
    from core._asterisk_calls
    where entry_count = 1 and (meanings & 2046) = 0 and queue is not null
    group by queue
)

select
    c.callid, -- Uniqueid of the channel
    c.queue, -- Queue
    c.logged_entered_at, -- When it entered itself; null: it did not
from core._asterisk_calls as c
inner join entries as e on c.queue = e.queue and e.entered_at <= c.last_event_at
where
    (c.meanings & 2046) > 0
    and (
        c.entry_count = 0
        or c.entry_count = 1
        and (c.meanings & 62) > 0
        and (
            (c.meanings & 1984) > 0
            or c.talk_s is null
            or abs((epoch_us(c.ended_at) - epoch_us(c.logged_answered_at)) / 1e6 - c.talk_s) > 2
        )
    )
group by c.callid, c.queue, c.logged_entered_at
