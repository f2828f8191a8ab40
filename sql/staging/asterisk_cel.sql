-- Channel events of Asterisk, each distinct event once, times as instants.
-- grain: one row per distinct event
-- owner: team:data
-- window: event_at
with zone as (
    select timezone from settings.sources where source = 'asterisk_cel'
)

select
    coalesce(r.event_at, timezone(z.timezone, r.event_local)) as event_at, -- When it happened
    r.event_type, -- Channel event type
    r.uniqueid, -- The channel's id
    r.linkedid, -- Id shared by the channels of one call
    r.channel, -- Channel name
    r.context, -- Dialplan context at the event
    r.exten, -- Dialled extension at the event
    r.appname, -- Application
    r.appdata, -- Its arguments
    r.caller_number, -- Caller's number [pii]
    r.extra_json, -- Details, JSON
    min(r.segment_id) as segment_id, -- Lake segment that the event was first read from
from raw.asterisk_cel as r
cross join zone as z
where
    coalesce(r.event_at, timezone(z.timezone, r.event_local))
    between getvariable('window_start') and getvariable('window_end')
    -- Only the files that reach into the window: a local time cannot be looked up in the lake.
    and r.segment_id between cast(coalesce(getvariable('window_first_segment'), '0') as bigint)
    and cast(coalesce(getvariable('window_last_segment'), '4611686018427387904') as bigint)
group by
    coalesce(r.event_at, timezone(z.timezone, r.event_local)), r.event_type, r.uniqueid, r.linkedid, r.channel, r.context,
    r.exten, r.appname, r.appdata, r.caller_number, r.extra_json
