-- How Amazon Connect's contact records hang together: the first record of each contact, what each went on to, and which are visits.
-- grain: one row per contact id
-- owner: team:data
with successors as (
    select previous_contact_id as contact_id, contact_id as next_id, initiation_method, queue, initiated_at
    from staging.amazon_connect_contacts
    where previous_contact_id is not null
    union
    select r.contact_id, n.contact_id as next_id, n.initiation_method, n.queue, n.initiated_at
    from staging.amazon_connect_contacts as r
    inner join staging.amazon_connect_contacts as n on r.next_contact_id = n.contact_id
),

-- Whichever of the two records names the other.
followed as (
    select
        contact_id,
        min_by(initiation_method, row(initiated_at, next_id)) as next_method,
        min_by(queue, row(initiated_at, next_id)) as next_queue,
    from successors
    where initiation_method in ('TRANSFER', 'QUEUE_TRANSFER', 'CALLBACK')
    group by contact_id
),

linked as (
    select
        r.contact_id,
        -- Some early records name the record before them and not the first one.
        coalesce(r.initial_contact_id, p.initial_contact_id, r.previous_contact_id, r.contact_id) as root_id,
        r.initiated_at,
        f.next_method,
        f.next_queue,
        coalesce(f.next_method <> 'CALLBACK', false)
        or r.transfer_completed_at is not null
        or r.transferred_to_address is not null as is_transferred,
        r.next_contact_id is not null and n.contact_id is null as is_next_missing,
        -- An agent who dials has a queue for the caller id; nobody waits in it.
        coalesce(r.initiation_method not in ('OUTBOUND', 'EXTERNAL_OUTBOUND', 'AGENT_REPLY', 'FLOW'), true)
        and (r.enqueued_at is not null or (r.queue is not null and r.agent_connected_at is not null)) as is_visit,
        coalesce(
            r.enqueued_at, coalesce(r.dequeued_at, r.agent_connected_at) - to_seconds(coalesce(r.queue_s, 0))
        ) as queued_at,
    from staging.amazon_connect_contacts as r
    left join staging.amazon_connect_contacts as p on r.previous_contact_id = p.contact_id
    left join staging.amazon_connect_contacts as n on r.next_contact_id = n.contact_id
    left join followed as f on r.contact_id = f.contact_id
)

select
    contact_id, -- The record's id
    root_id, -- Id of the first record of the customer's contact
    row_number() over (
        partition by root_id order by contact_id <> root_id, initiated_at, contact_id
    ) as visit_number, -- Which record of the contact, from 1
    is_visit, -- Whether the customer waited in a queue
    case when is_visit then queued_at end as queued_at, -- When; reckoned from the duration where the record does not say
    next_method, -- How the record began that this one went on to, if that was a transfer or callback
    next_queue, -- Its queue
    is_transferred, -- Whether it was transferred
    is_next_missing, -- Whether it went on to a record that is not here yet
from linked
