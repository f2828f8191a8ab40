-- Visits of all sources in one shape, before targets and keys.
-- grain: one row per visit of a contact to a queue
-- owner: team:data
-- materialized: view
with asterisk as (
    select
        j.contact_key, j.source, j.priority, j.tier,
        j.visit_count > 1 as has_several,
        v.callid as source_call_id,
        v.queue, v.visit_number, v.entered_at, v.answered_at, v.wait_s, v.ring_s, v.outcome, v.transferred_to,
        v.position_in, v.position_out,
        coalesce(t.left_at, v.left_at) as left_at,
        coalesce(t.talk_s, v.talk_s) as talk_s,
        coalesce(t.talk_source, case when v.talk_s is not null then 'logged' end) as talk_source,
        coalesce(n.agent, v.agent) as agent,
        case when t.callid is not null then 'transfer' else v.ended_by end as ended_by,
        coalesce(t.transfer_type, v.transfer_type) as transfer_type,
        case when t.callid is not null then concat_ws(';', v.repairs, 'talk_cut') else v.repairs end as repairs,
    from core._asterisk_visits as v
    left join core._asterisk_talk_cuts as t
        on v.callid = t.callid and v.queue = t.queue and v.visit_number = t.visit_number
    left join core._asterisk_agents as n on v.agent = n.written
    left join staging.asterisk_channels as c on v.callid = c.uniqueid
    left join core._asterisk_same_calls as s on coalesce(c.linkedid, v.callid) = s.call_id
    inner join core._asterisk_journeys as j
        on coalesce(s.contact_call_id, c.linkedid, v.callid) = coalesce(j.linked_id, j.source_contact_id)
),

refused as (
    select
        j.contact_key,
        j.source,
        b.callid as source_call_id,
        b.queue,
        -- Below nought, so that a refusal and a later visit of the same channel to the same queue stay apart.
        -row_number() over (partition by b.callid, b.queue order by b.attempted_at) as visit_number,
        -- The attempt's own clock, unless it cannot be right: see arrived_at of the contact.
        case
            when b.attempted_at between j.arrived_at and j.ended_at then b.attempted_at else j.arrived_at
        end as attempted_at,
        b.outcome,
        j.priority,
        j.tier,
        j.visit_count > 1 as has_several,
    from core._asterisk_blocked as b
    left join staging.asterisk_channels as c on b.callid = c.uniqueid
    left join core._asterisk_same_calls as s on coalesce(c.linkedid, b.callid) = s.call_id
    inner join core._asterisk_journeys as j
        on coalesce(s.contact_call_id, c.linkedid, b.callid) = coalesce(j.linked_id, j.source_contact_id)
),

custom as (
    select
        cast(md5_number(concat_ws('|', source, source_contact_id)) as uuid) as contact_key,
        source,
        source_contact_id,
        queue,
        row_number() over (
            partition by source, source_contact_id, queue order by entered_at, answered_at, ended_at, outcome, c.agent
        ) as visit_number,
        site,
        channel,
        direction,
        entered_at,
        case
            when outcome = 'answered' then coalesce(answered_at, entered_at + to_seconds(coalesce(wait_s, 0)))
            when outcome is null then answered_at
        end as answered_at,
        ended_at,
        wait_s,
        ring_s,
        talk_s,
        hold_s,
        wrap_s,
        case
            when outcome in (
                'answered', 'abandoned', 'timed_out', 'exited_by_key', 'exited_empty', 'withdrawn', 'open'
            ) then outcome
            -- Who waited and chose to be called back was offered, and left by that choice.
            when outcome = 'callback' and (wait_s > 0 or ended_at > entered_at) then 'exited_by_key'
            when outcome = 'callback' then 'diverted'
            when outcome = 'failed' then 'withdrawn'
            when outcome = 'blocked' then 'full'
            when outcome = 'abandoned_in_ivr' then 'abandoned'
            when outcome is null and (answered_at is not null or talk_s > 0) then 'answered'
            else 'open'
        end as outcome,
        coalesce(n.agent, c.agent) as agent,
        transfer_type,
        transferred_to,
        priority,
    from staging.calls as c
    left join staging.agent_names as n on c.agent = n.written
    where entered_at is not null
)

select
    contact_key, -- Key of the contact
    source, -- Source that knows the contact best
    source_call_id, -- The source's id of the call at this visit
    cast(null as varchar) as site, -- Site
    queue, -- Queue
    'voice' as channel, -- Channel
    'inbound' as direction, -- Direction
    visit_number, -- Which visit of this call to this queue
    entered_at, -- When the caller entered the queue
    answered_at, -- When an agent answered
    left_at, -- When the visit ended
    wait_s, -- Wait [unit: s]
    ring_s, -- Ring of the answered attempt [unit: s]
    talk_s, -- Talk [unit: s]
    talk_source, -- logged, cel or cdr
    cast(null as double) as hold_s, -- On hold; queue_log does not say [unit: s]
    cast(null as double) as wrap_s, -- Wrap-up [unit: s]
    outcome, -- How the visit ended
    agent, -- Agent who answered [pii]
    ended_by, -- Who ended it
    transfer_type, -- blind or attended
    transferred_to, -- Where to
    position_in, -- Position on joining
    position_out, -- Position on leaving
    priority, -- Priority
    tier, -- Value tier that the router was told
    repairs, -- Repairs that were applied
    has_several, -- Whether its contact may have visited a queue more than once
from asterisk
union all
select
    contact_key,
    source,
    source_call_id,
    cast(null as varchar) as site,
    queue,
    'voice' as channel,
    'inbound' as direction,
    visit_number,
    attempted_at as entered_at,
    cast(null as timestamptz) as answered_at,
    attempted_at as left_at,
    cast(null as double) as wait_s,
    cast(null as double) as ring_s,
    cast(null as double) as talk_s,
    cast(null as varchar) as talk_source,
    cast(null as double) as hold_s,
    cast(null as double) as wrap_s,
    outcome,
    cast(null as varchar) as agent,
    'system' as ended_by,
    cast(null as varchar) as transfer_type,
    cast(null as varchar) as transferred_to,
    cast(null as bigint) as position_in,
    cast(null as bigint) as position_out,
    priority,
    tier,
    cast(null as varchar) as repairs,
    has_several,
from refused
union all
select
    contact_key,
    source,
    source_contact_id as source_call_id,
    site,
    queue,
    channel,
    direction,
    visit_number,
    entered_at,
    answered_at,
    -- Where the source does not say when it ended, the parts it does give add up to it.
    coalesce(ended_at, case
        when outcome = 'answered' then answered_at + to_seconds(coalesce(talk_s, 0) + coalesce(hold_s, 0))
        when outcome <> 'open' then entered_at + to_seconds(coalesce(wait_s, 0))
    end) as left_at,
    -- Who was refused did not wait, not even nought seconds.
    case
        when outcome not in ('open', 'full', 'diverted')
            then coalesce(wait_s, (epoch_us(coalesce(answered_at, ended_at)) - epoch_us(entered_at)) / 1e6)
    end as wait_s,
    ring_s,
    talk_s,
    case when talk_s is not null then 'logged' end as talk_source,
    hold_s,
    wrap_s,
    outcome,
    agent,
    case when transfer_type is not null then 'transfer' when outcome = 'abandoned' then 'caller' end as ended_by,
    transfer_type,
    transferred_to,
    cast(null as bigint) as position_in,
    cast(null as bigint) as position_out,
    priority,
    cast(null as varchar) as tier,
    cast(null as varchar) as repairs,
    true as has_several,
from custom
