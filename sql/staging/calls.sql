-- Calls of every system that tells of them whole, in canonical columns: custom sources and the built-in ones but Asterisk,
-- whose log is put together in core. Each has just these columns in this order, as tests/conventions hold it to.
-- grain: one row per visit of a contact, or per contact without a visit
-- owner: team:data
-- materialized: view
select
    source, -- Source in callwright.toml
    source_contact_id, -- The source's id of the contact
    arrived_at, -- First sign of the contact
    channel, -- Channel
    direction, -- inbound or outbound
    caller_number, -- Caller's number as written [pii]
    customer_id, -- The CRM's id of the customer [pii]
    dialled_number, -- Number dialled
    site, -- Site
    ivr_s, -- Time in the menu; null where the source had a negative one [unit: s]
    queue, -- Queue
    entered_at, -- When the caller entered the queue; null: he did not
    wait_s, -- Wait [unit: s]
    answered_at, -- When an agent answered
    agent, -- Agent [pii]
    ring_s, -- Ring time of the answered attempt [unit: s]
    talk_s, -- Talk time, of answered calls [unit: s]
    hold_s, -- Time on hold, of answered calls [unit: s]
    wrap_s, -- Wrap-up time [unit: s]
    ended_at, -- End of the visit or contact
    outcome, -- Outcome as the source states it
    transfer_type, -- blind or attended
    transferred_to, -- Where to
    priority, -- Priority in the queue
    repairs, -- Repairs that were applied, separated by semicolons
from staging.custom_calls
union all
select * from staging.freeswitch_calls
union all
select * from staging.genesys_calls
union all
select * from staging.amazon_calls
union all
select * from staging.twilio_calls
