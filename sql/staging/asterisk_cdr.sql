-- Call detail records of Asterisk, each distinct record once, times as instants.
-- grain: one row per distinct record; a call has several
-- owner: team:data
-- window: started_at
with zone as (
    select timezone from settings.sources where source = 'asterisk_cdr'
),

distinct_records as (
    select
        r.src,
        r.dst,
        r.dcontext,
        r.channel,
        r.dstchannel,
        r.lastapp,
        r.lastdata,
        r.start_local,
        r.answer_local,
        r.end_local,
        r.duration_s,
        r.billsec_s,
        r.disposition,
        r.uniqueid,
        r.linkedid,
        r.sequence,
        min(r.segment_id) as segment_id,
    from raw.asterisk_cdr as r
    cross join zone as z
    where
        timezone(z.timezone, r.start_local) between getvariable('window_start') and getvariable('window_end')
        -- Only the files that reach into the window: a local time cannot be looked up in the lake.
        and r.segment_id between cast(coalesce(getvariable('window_first_segment'), '0') as bigint)
        and cast(coalesce(getvariable('window_last_segment'), '4611686018427387904') as bigint)
    -- accountcode and userfield are left out: the per-account copies of a record differ in nothing else.
    group by
        r.src, r.dst, r.dcontext, r.channel, r.dstchannel, r.lastapp, r.lastdata, r.start_local, r.answer_local,
        r.end_local, r.duration_s, r.billsec_s, r.disposition, r.uniqueid, r.linkedid, r.sequence
)

select
    d.uniqueid, -- The channel's id
    coalesce(d.linkedid, d.uniqueid) as linkedid, -- Id shared by the channels of one call; the channel's own where the file has none
    d.sequence, -- Record number
    d.src as caller_number, -- Caller's number [pii]
    d.dst as exten, -- Dialled extension
    d.dcontext as context, -- Dialplan context
    d.channel, -- Channel name
    d.dstchannel, -- The other channel's name
    d.lastapp, -- Last application run
    d.lastdata, -- Its arguments
    timezone(z.timezone, d.start_local) as started_at, -- Start of the record
    -- From the start and the lengths: in the hour that the clocks repeat, a local time of its own could be either.
    case
        when d.answer_local is not null then timezone(z.timezone, d.start_local) + to_seconds(d.duration_s - coalesce(d.billsec_s, 0))
    end as answered_at, -- Answer, by the dialplan or a person
    timezone(z.timezone, d.start_local) + to_seconds(d.duration_s) as ended_at, -- End of the record
    cast(d.duration_s as double) as duration_s, -- Length [unit: s]
    cast(d.billsec_s as double) as billed_s, -- Length from the answer [unit: s]
    d.disposition, -- How the record ended; not the outcome of the contact
    d.segment_id, -- Lake segment that the record was first read from
from distinct_records as d
cross join zone as z
