-- Channels of the agents who answered, as far as CEL or CDR know them.
-- grain: one row per answer in queue_log of a call that CEL or CDR tell of
-- owner: team:data
with answers as (
    select
        q.callid,
        q.queue,
        q.agent,
        q.event_at as answered_at,
        split_part(q.data, '|', 2) as uniqueid,
        c.linkedid,
    from raw.asterisk_queue_log as q
    inner join staging.asterisk_channels as c on q.callid = c.uniqueid
    where q.event = 'CONNECT'
    group by q.callid, q.queue, q.agent, q.event_at, split_part(q.data, '|', 2), c.linkedid
),

known as (
    select
        a.*,
        b.channel,
        b.source,
        b.started_at,
        b.ended_at,
    from answers as a
    left join staging.asterisk_channels as b on a.uniqueid = b.uniqueid
),

-- A CDR names the other side of the caller's channel; it has no id of that side unless it called somebody itself.
parties as (
    select
        k.callid,
        k.queue,
        k.answered_at,
        min(d.dstchannel) as channel,
    from known as k
    inner join staging.asterisk_cdr as d on k.callid = d.uniqueid
    where
        k.channel is null
        and d.dstchannel <> ''
        and d.disposition = 'ANSWERED'
        and d.started_at <= k.answered_at + to_seconds(1)
        and d.ended_at >= k.answered_at
    group by k.callid, k.queue, k.answered_at
    having min(d.dstchannel) = max(d.dstchannel) -- count(distinct) of millions of groups does not spill
)

select
    k.callid, -- Uniqueid of the caller's channel
    k.queue, -- Queue
    k.agent, -- Member as the answer has it [pii]
    k.answered_at, -- When he answered
    k.linkedid, -- Linkedid of the caller's channel
    k.uniqueid, -- Uniqueid of the agent's channel
    coalesce(k.channel, p.channel) as channel, -- Name of the agent's channel; null: not known
    coalesce(k.source, 'asterisk_cdr') as source, -- asterisk_cel, or asterisk_cdr
    k.started_at, -- First sign of the agent's channel; null: only the caller's record names it
    k.ended_at, -- Last sign of it
from known as k
left join parties as p on k.callid = p.callid and k.queue = p.queue and k.answered_at = p.answered_at
