-- Dialplan contexts where callers come in: the centre's own list, else those of the channels that queue_log knows.
-- grain: one row per context
-- owner: team:data
select
    context, -- Dialplan context
from settings.inbound_contexts
group by context
union
select c.context
from staging.asterisk_channels as c
inner join core._asterisk_calls as k on c.uniqueid = k.callid
where
    not exists (select 1 from settings.inbound_contexts)
    and c.context is not null
    and not c.is_agent_login
    and (k.meanings & 4095) > 0
group by c.context
union
select c.context
from staging.asterisk_channels as c
where not exists (select 1 from settings.inbound_contexts) and c.ran_queue and c.context is not null
group by c.context
