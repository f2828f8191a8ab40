-- Calls of FreeSWITCH in canonical columns: the legs of a call are one contact, its visits to queues a row each.
-- A leg to an agent duplicates the call, and so does what that leg goes on to dial.
-- grain: one row per visit of a contact to a queue, or per contact without a visit
-- owner: team:data
-- changes: source_contact_id
with a_legs as (
    -- mod_cdr_csv names the b-leg in the a-leg; where each names the other, the one that began first is the a-leg.
    select
        b.uuid,
        min(a.uuid) as a_uuid,
    from staging.freeswitch_cdr as a
    inner join staging.freeswitch_cdr as b on a.bleg_uuid = b.uuid
    where
        a.uuid <> b.uuid
        and (
            b.bleg_uuid is distinct from a.uuid
            or a.started_at < b.started_at
            or (a.started_at = b.started_at and a.uuid < b.uuid)
        )
    group by b.uuid
),

legs as (
    select
        case
            when l.side = 'member' then coalesce(l.member_session_uuid, l.uuid)
            else coalesce(l.originator_uuid, a.a_uuid, l.uuid)
        end as contact_id,
        l.uuid,
        l.started_at,
        l.answered_at,
        l.ended_at,
        l.billed_s,
        l.hold_s,
        l.direction,
        l.caller_number,
        l.dialled_number,
        l.hangup_cause,
        -- JSON and XML say when legs were joined: without it, whatever answered was a machine.
        l.layout in ('json', 'xml') and l.bridged_at is null as is_unbridged,
    from staging.freeswitch_cdr as l
    left join a_legs as a on l.uuid = a.uuid
    where l.record = 'cdr' and l.side is distinct from 'agent'
),

agent_legs as (
    select distinct uuid from staging.freeswitch_cdr where record = 'cdr' and side = 'agent'
),

-- The leg that speaks for the contact: the caller's own, or else the first of which anything is known.
ranked as (
    select
        l.*,
        row_number() over (
            partition by l.contact_id
            order by case when l.uuid = l.contact_id then 0 else 1 end, l.started_at, l.uuid
        ) as leg_number,
    from legs as l
    left join agent_legs as a on l.contact_id = a.uuid
    where a.uuid is null
),

others_answered as (
    select contact_id from ranked where leg_number > 1 and billed_s > 0 group by contact_id
),

callers as (
    select
        r.*,
        coalesce(r.direction, 'inbound') = 'inbound' and r.is_unbridged and o.contact_id is null as is_in_menu,
    from ranked as r
    left join others_answered as o on r.contact_id = o.contact_id
    where r.leg_number = 1
),

visits as (
    select
        v.*,
        c.started_at,
        c.direction,
        coalesce(c.caller_number, v.caller_number) as known_caller_number,
        coalesce(c.dialled_number, v.dialled_number) as known_dialled_number,
        row_number() over (partition by v.contact_id order by v.joined_at, v.queue, v.visit_id) as visit_number,
        (epoch_us(v.left_at) - epoch_us(v.answered_at)) / 1e6 as connected_s,
    from staging._freeswitch_visits as v
    left join callers as c on v.contact_id = c.contact_id
)

select
    'freeswitch_cdr' as source, -- Source
    contact_id as source_contact_id, -- The uuid of the caller's leg
    -- Queue times are whole seconds: within the second of the call's start they may seem to lie before it.
    least(coalesce(started_at, joined_at), joined_at) as arrived_at, -- First sign of the contact
    'voice' as channel, -- Channel
    coalesce(direction, 'inbound') as direction, -- inbound or outbound
    known_caller_number as caller_number, -- Caller's number as written [pii]
    cast(null as varchar) as customer_id, -- The CRM's id of the customer; FreeSWITCH has none [pii]
    known_dialled_number as dialled_number, -- Number dialled
    cast(null as varchar) as site, -- Site; FreeSWITCH has none
    case
        when visit_number = 1 and joined_at > started_at then (epoch_us(joined_at) - epoch_us(started_at)) / 1e6
    end as ivr_s, -- Time before the first queue [unit: s]
    queue, -- Queue
    joined_at as entered_at, -- When the caller entered the queue; null: he did not
    case
        when outcome <> 'open' then (epoch_us(coalesce(answered_at, left_at)) - epoch_us(joined_at)) / 1e6
    end as wait_s, -- Wait [unit: s]
    answered_at, -- When an agent answered
    agent, -- Agent [pii]
    ring_s, -- Ring time of the answered attempt [unit: s]
    case when outcome = 'answered' then connected_s - least(coalesce(hold_s, 0), connected_s) end as talk_s, -- Talk time without hold [unit: s]
    case
        when outcome = 'answered' and hold_s <= connected_s then hold_s
        when outcome = 'answered' and hold_s > connected_s then connected_s
    end as hold_s, -- Time on hold [unit: s]
    cast(null as double) as wrap_s, -- Wrap-up time; neither CDRs nor visits have it [unit: s]
    left_at as ended_at, -- End of the visit or contact
    outcome, -- Outcome
    case when is_transferred then transfer_type end as transfer_type, -- blind or attended
    case when is_transferred then transferred_to end as transferred_to, -- Where to
    cast(null as double) as priority, -- Priority in the queue; FreeSWITCH has scores instead
    nullif(concat_ws(
        ';',
        repairs,
        case when joined_at + interval 1 second <= started_at then 'entered_before_arrived' end,
        case when outcome = 'answered' and hold_s > connected_s then 'hold_longer_than_talk' end
    ), '') as repairs, -- Repairs that were applied, separated by semicolons
from visits
union all
select
    'freeswitch_cdr' as source,
    c.contact_id as source_contact_id,
    c.started_at as arrived_at,
    'voice' as channel,
    coalesce(c.direction, 'inbound') as direction,
    c.caller_number,
    cast(null as varchar) as customer_id,
    c.dialled_number,
    cast(null as varchar) as site,
    case when c.is_in_menu and c.billed_s > 0 then (epoch_us(c.ended_at) - epoch_us(c.started_at)) / 1e6 end as ivr_s,
    cast(null as varchar) as queue,
    cast(null as timestamptz) as entered_at,
    cast(null as double) as wait_s,
    case when c.billed_s > 0 and not c.is_in_menu then c.answered_at end as answered_at,
    cast(null as varchar) as agent,
    cast(null as double) as ring_s,
    case when c.billed_s > 0 and not c.is_in_menu then c.billed_s - least(coalesce(c.hold_s, 0), c.billed_s) end as talk_s,
    case when c.billed_s > 0 and not c.is_in_menu and c.hold_s is not null then least(c.hold_s, c.billed_s) end as hold_s,
    cast(null as double) as wrap_s,
    c.ended_at,
    case
        when c.billed_s > 0 and c.is_in_menu then 'abandoned_in_ivr'
        when c.billed_s > 0 then 'answered'
        -- The caller gave up before anybody or anything answered; any other cause is the network's or the callee's.
        when coalesce(c.direction, 'inbound') = 'inbound' and c.hangup_cause in ('ORIGINATOR_CANCEL', 'NORMAL_CLEARING')
            then 'abandoned_in_ivr'
        else 'failed'
    end as outcome,
    cast(null as varchar) as transfer_type,
    cast(null as varchar) as transferred_to,
    cast(null as double) as priority,
    case when c.billed_s > 0 and not c.is_in_menu and c.hold_s > c.billed_s then 'hold_longer_than_talk' end as repairs,
from callers as c
where c.contact_id not in (select contact_id from staging._freeswitch_visits)
