-- Talks that Asterisk ran on to the end of a transferred call, cut where the agent's own leg ended, as CEL or CDR say.
-- Two seconds of difference are none: the log rounds. A leg that was not there at the answer is not believed, for its
-- source's zone may be wrong; nor is the end of a Local channel that was optimised away.
-- grain: one row per visit whose talk is cut
-- owner: team:data
-- changes: left_at
with talks as (
    select
        v.callid,
        v.queue,
        v.visit_number,
        v.answered_at,
        v.left_at,
        l.linkedid,
        l.uniqueid,
        l.channel,
        l.source,
        l.ended_at,
    from core._asterisk_legs as l
    inner join core._asterisk_visits as v on l.callid = v.callid and l.queue = v.queue and l.answered_at = v.answered_at
    where
        v.ended_by in ('agent', 'caller')
        and v.talk_s is not null
        and (l.source = 'asterisk_cdr' or l.ended_at <= v.left_at - to_seconds(2) and l.ended_at > v.answered_at)
),

cel_events as (
    select
        t.callid,
        t.queue,
        t.visit_number,
        t.answered_at,
        t.left_at,
        t.linkedid,
        t.channel,
        e.event_type,
        e.event_at,
        max(case when e.event_type = 'BRIDGE_ENTER' then e.event_at end) over (
            partition by t.callid, t.queue, t.visit_number
        ) as last_joined_at,
    from talks as t
    inner join staging.asterisk_cel as e on t.uniqueid = e.uniqueid
    where t.source = 'asterisk_cel'
),

cel_ends as (
    select
        callid,
        queue,
        visit_number,
        answered_at,
        left_at,
        linkedid,
        channel,
        -- Out of one bridge and into the next in one instant, as for a consultation, is no end.
        coalesce(
            min(case
                when event_type in ('BRIDGE_EXIT', 'HANGUP', 'CHAN_END') and event_at > coalesce(last_joined_at, answered_at)
                    then event_at
            end),
            max(case when event_type in ('BRIDGE_EXIT', 'HANGUP', 'CHAN_END') then event_at end)
        ) as leg_ended_at,
        max(case
            when
                event_type in ('CHAN_START', 'ANSWER', 'BRIDGE_ENTER')
                and event_at between answered_at - to_seconds(600) and answered_at + to_seconds(3)
                then 1
            else 0
        end) as was_there,
        max(case event_type when 'ATTENDEDTRANSFER' then 'attended' when 'BLINDTRANSFER' then 'blind' end) as transfer_type,
    from cel_events
    group by callid, queue, visit_number, answered_at, left_at, linkedid, channel
),

optimised as (
    select linkedid
    from staging.asterisk_cel
    where event_type in ('LOCAL_OPTIMIZE', 'LOCAL_OPTIMIZE_BEGIN')
    group by linkedid
),

-- Records of the agent's channel, as caller, as called, and of its own number.
cdr_records as (
    select t.callid, t.queue, t.visit_number, t.answered_at, t.left_at, d.ended_at
    from talks as t
    inner join staging.asterisk_cdr as d on t.linkedid = d.linkedid and t.channel = d.dstchannel
    where t.source = 'asterisk_cdr' and t.channel not like 'Local/%'
    union all
    select t.callid, t.queue, t.visit_number, t.answered_at, t.left_at, d.ended_at
    from talks as t
    inner join staging.asterisk_cdr as d on t.uniqueid = d.uniqueid
    where t.source = 'asterisk_cdr' and t.channel not like 'Local/%'
    union all
    select t.callid, t.queue, t.visit_number, t.answered_at, t.left_at, d.ended_at
    from talks as t
    inner join staging.asterisk_cdr as d on t.linkedid = d.linkedid and t.channel = d.channel
    where t.source = 'asterisk_cdr' and t.channel not like 'Local/%'
),

cdr_ends as (
    select
        callid,
        queue,
        visit_number,
        answered_at,
        left_at,
        max(ended_at) as leg_ended_at,
    from cdr_records
    group by callid, queue, visit_number, answered_at, left_at
),

-- The caller's own records must go on to the end that the log has, or they tell of less than the whole call.
callers as (
    select
        e.callid,
        max(d.ended_at) as ended_at,
    from cdr_ends as e
    inner join staging.asterisk_cdr as d on e.callid = d.uniqueid
    where e.leg_ended_at <= e.left_at - to_seconds(2)
    group by e.callid
),

cuts as (
    select
        c.callid,
        c.queue,
        c.visit_number,
        c.answered_at,
        c.left_at,
        c.leg_ended_at,
        c.transfer_type,
        'cel' as talk_source,
    from cel_ends as c
    left join optimised as o on c.linkedid = o.linkedid
    where c.was_there = 1 and o.linkedid is null
    union all
    select
        e.callid,
        e.queue,
        e.visit_number,
        e.answered_at,
        e.left_at,
        e.leg_ended_at,
        cast(null as varchar) as transfer_type,
        'cdr' as talk_source,
    from cdr_ends as e
    inner join callers as k on e.callid = k.callid
    where k.ended_at >= e.left_at - to_seconds(2)
)

select
    callid, -- Uniqueid of the caller's channel
    queue, -- Queue
    visit_number, -- Which visit of this channel to this queue
    leg_ended_at as left_at, -- When the agent's leg ended
    (epoch_us(leg_ended_at) - epoch_us(answered_at)) / 1e6 as talk_s, -- Talk until then [unit: s]
    talk_source, -- cel or cdr
    transfer_type, -- blind or attended; null: not told
from cuts
where leg_ended_at > answered_at and leg_ended_at <= left_at - to_seconds(2)
