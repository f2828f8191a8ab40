-- What CEL and CDR tell of each channel: which call it belongs to, where it came in, whether it ran Queue().
-- grain: one row per channel (uniqueid)
-- owner: team:data
-- window: seen_from_at, seen_to_at
-- key: uniqueid
with from_cel as (
    select
        uniqueid,
        min(linkedid) as linkedid,
        min(event_at) as started_at,
        max(event_at) as ended_at,
        max(case when event_type = 'CHAN_START' then context end) as context,
        max(case when event_type = 'CHAN_START' then exten end) as exten,
        max(caller_number) as caller_number,
        max(channel) as channel,
        max(case when event_type = 'APP_START' and appname = 'Queue' then 1 else 0 end) as ran_queue,
    from staging.asterisk_cel
    group by uniqueid
),

from_cdr as (
    select
        uniqueid,
        min(linkedid) as linkedid,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        max(context) as context,
        max(exten) as exten,
        max(caller_number) as caller_number,
        max(channel) as channel,
        max(case when lastapp = 'Queue' then 1 else 0 end) as ran_queue,
    from staging.asterisk_cdr
    where uniqueid is not null
    group by uniqueid
),

both_sources as (
    select
        coalesce(e.uniqueid, d.uniqueid) as uniqueid,
        coalesce(e.linkedid, d.linkedid) as linkedid,
        coalesce(e.started_at, d.started_at) as started_at,
        coalesce(e.ended_at, d.ended_at) as ended_at,
        least(e.started_at, d.started_at) as seen_from_at,
        greatest(e.ended_at, d.ended_at) as seen_to_at,
        coalesce(e.context, d.context) as context,
        coalesce(e.exten, d.exten) as exten,
        coalesce(e.caller_number, d.caller_number) as caller_number,
        coalesce(e.channel, d.channel) as channel,
        coalesce(e.ran_queue, 0) + coalesce(d.ran_queue, 0) > 0 as ran_queue,
        case when e.uniqueid is null then 'asterisk_cdr' else 'asterisk_cel' end as source,
    from from_cel as e
    full join from_cdr as d on e.uniqueid = d.uniqueid
)

select
    b.uniqueid, -- The channel's id
    b.linkedid, -- Id shared by the channels of one call
    b.started_at, -- First sign of it
    b.ended_at, -- Last sign of it
    b.seen_from_at, -- First sign by either source's clock
    b.seen_to_at, -- Last sign by either source's clock
    b.context, -- Dialplan context it came into
    b.exten, -- Extension it dialled
    b.caller_number, -- Caller's number [pii]
    b.channel, -- Channel name
    b.ran_queue, -- Whether it ran Queue()
    x.exten is not null as is_agent_login, -- Whether it called an extension where agents log in
    b.source, -- asterisk_cel, or asterisk_cdr where only the CDR knows it
from both_sources as b
left join staging._asterisk_login_extensions as x on b.context = x.context and b.exten = x.exten
