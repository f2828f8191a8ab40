-- Callers refused by a full or empty queue: they ran Queue(), and queue_log has no ENTERQUEUE for it.
-- CEL shows each attempt; a CDR only those whose last application was Queue. Some dialplans log FULL or JOINEMPTY themselves.
-- grain: one row per refused attempt
-- owner: team:data
-- changes: attempted_at
with entries as (
    select
        callid,
        queue,
        entry_count,
    from core._asterisk_calls
    where entry_count > 0
),

attempts as (
    select
        uniqueid as callid,
        split_part(appdata, ',', 1) as queue,
        event_at as attempted_at,
        linkedid as linked_id,
    from staging.asterisk_cel
    where event_type = 'APP_START' and appname = 'Queue'
    union all
    -- One record for each agent that rang: a channel's records of one queue are one attempt, for a CDR cannot tell of more.
    select
        d.uniqueid as callid,
        split_part(d.lastdata, ',', 1) as queue,
        min(d.started_at) as attempted_at,
        min(d.linkedid) as linked_id,
    from staging.asterisk_cdr as d
    left join (select uniqueid from staging.asterisk_cel group by uniqueid) as e on d.uniqueid = e.uniqueid
    where d.lastapp = 'Queue' and d.uniqueid is not null and e.uniqueid is null
    group by d.uniqueid, split_part(d.lastdata, ',', 1)
),

-- How long the log goes on before its first and after its last entry.
log_reach as (
    select
        (epoch_us(min(case when event = 'ENTERQUEUE' then event_at end)) - epoch_us(min(event_at))) / 1e6 as before_s,
        (epoch_us(max(event_at)) - epoch_us(max(case when event = 'ENTERQUEUE' then event_at end))) / 1e6 as after_s,
    from staging.asterisk_queue_log
),

-- Only where queue_log was being written does a missing ENTERQUEUE say anything. Measured on the clock of the attempts
-- themselves, by the calls that both know, so that a wrongly set zone cannot turn every caller into a refused one.
covered as (
    select
        min(a.attempted_at) - to_seconds(coalesce(max(l.before_s), 0)) as first_at,
        max(a.attempted_at) + to_seconds(coalesce(max(l.after_s), 0)) as last_at,
    from attempts as a
    inner join entries as n on a.callid = n.callid and a.queue = n.queue
    cross join log_reach as l
),

refused as (
    select
        a.callid,
        a.queue,
        a.attempted_at,
        a.linked_id,
        coalesce(n.entry_count, 0) as entry_count,
        row_number() over (partition by a.callid, a.queue order by a.attempted_at) as attempt_number,
        count(*) over (partition by a.callid, a.queue) as attempt_count,
    from attempts as a
    left join entries as n on a.callid = n.callid and a.queue = n.queue
    cross join covered as c
    where
        a.queue <> ''
        and a.attempted_at between c.first_at and c.last_at
),

logged as (
    select
        callid,
        queue,
        min(event_at) as attempted_at,
        max(case
            when event = 'FULL' then 'full'
            when event in ('JOINEMPTY', 'JOINUNAVAIL') then 'join_empty'
            when event = 'CLOSED' then 'closed'
            else 'diverted'
        end) as outcome,
    from staging.asterisk_queue_log
    where
        event in ('FULL', 'JOINEMPTY', 'JOINUNAVAIL', 'CLOSED', 'DIVERT_CA_RATIO', 'DIVERT_HOLDTIME')
        and callid is not null
        and queue is not null
    group by callid, queue
),

found as (
    select
        r.callid,
        r.queue,
        r.attempted_at,
        cast(null as varchar) as outcome,
    from refused as r
    left join logged as g on r.callid = g.callid and r.queue = g.queue
    -- Who was let in at last had been refused before: the first attempts are the refused ones.
    where r.attempt_number <= r.attempt_count - r.entry_count and g.callid is null
    union all
    select
        callid,
        queue,
        attempted_at,
        outcome,
    from logged
),

-- Nobody waiting: the queue cannot have been full. Somebody waiting: agents were there, or he would not have been let in.
crowds as (
    select
        f.callid,
        f.queue,
        f.attempted_at,
        count(v.callid) as waiting_count,
    from found as f
    inner join core._asterisk_visits as v on f.queue = v.queue
    where
        f.outcome is null
        and v.entered_at <= f.attempted_at
        and coalesce(v.answered_at, v.left_at) > f.attempted_at
    group by f.callid, f.queue, f.attempted_at
)

select
    f.callid, -- Uniqueid of the caller's channel
    f.queue, -- Queue that refused
    f.attempted_at, -- When
    coalesce(f.outcome, case when c.waiting_count > 0 then 'full' else 'join_empty' end) as outcome, -- full, join_empty, closed or diverted; the first two inferred from who was waiting where no event says
from found as f
left join crowds as c on f.callid = c.callid and f.queue = c.queue and f.attempted_at = c.attempted_at
