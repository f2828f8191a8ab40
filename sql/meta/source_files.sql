-- Every landed file and what became of each of its lines: a row, ignored, a duplicate or a reject.
-- grain: one row per source, file name and content
-- owner: team:data
with kept as (
    select segment_id, count(*) as kept_count from staging.asterisk_queue_log group by segment_id
    union all
    select segment_id, count(*) from staging.asterisk_cdr group by segment_id
    union all
    select segment_id, count(*) from staging.asterisk_cel group by segment_id
    union all
    select segment_id, count(*) from staging.freeswitch_cdr group by segment_id
    union all
    select segment_id, count(*) from staging.genesys_conversations group by segment_id
    union all
    select segment_id, count(*) from staging.amazon_connect_contacts group by segment_id
    union all
    select segment_id, count(*) from staging.custom_calls group by segment_id
    union all
    select segment_id, count(*) from staging.customers group by segment_id
    union all
    select segment_id, count(*) from staging.orders group by segment_id
    union all
    select segment_id, count(*) from staging.surveys group by segment_id
    union all
    select segment_id, count(*) from staging.twilio_taskrouter group by segment_id
    union all
    select segment_id, count(*) from staging.cases group by segment_id
    union all
    select segment_id, count(*) from staging.campaign_attempts group by segment_id
    union all
    select segment_id, count(*) from staging.agents group by segment_id
    union all
    select segment_id, count(*) from staging.schedules group by segment_id
    union all
    select segment_id, count(*) from staging.action_outcomes group by segment_id
)

select
    s.source, -- Source
    s.name, -- Path below landing/
    max_by(s.content_hash, s.segment_id) as content_hash, -- SHA-256 of the newest part read, uncompressed
    max(s.bytes_to) as bytes_count, -- Bytes read, uncompressed
    cast(sum(s.line_count + s.copied_line_count) as bigint) as line_count, -- Lines, without a header
    cast(sum(case when s.is_staged then coalesce(k.kept_count, 0) else s.row_count end) as bigint) as row_count, -- Lines that are rows
    cast(sum(s.ignored_count) as bigint) as ignored_count, -- Lines left out for a reason
    cast(sum(s.copied_line_count + case when s.is_staged then s.row_count - coalesce(k.kept_count, 0) else 0 end) as bigint)
        as duplicate_count, -- Lines known from another file or earlier in this one
    cast(sum(s.rejected_count) as bigint) as rejected_count, -- Lines refused, see meta.rejects
    min(s.first_event_at) as first_event_at, -- Earliest event
    max(s.last_event_at) as last_event_at, -- Latest event
    max(s.ingested_at) as ingested_at, -- When it was last read
    max(s.ignored_reasons) as ignored_reasons, -- Reasons for the ignored lines, JSON
    regexp_replace(max(s.problem), '[0-9][0-9 ./()-]{5,}[0-9]|[^ @]+@[^ @]+', '…', 'g') as problem, -- Why the whole file was refused; null: it was not
    max(s.notes) as notes, -- What was taken for granted of the file: encoding, decimal comma, columns not used
from raw.segments as s
left join kept as k on s.segment_id = k.segment_id
group by s.source, s.name, s.head_hash
