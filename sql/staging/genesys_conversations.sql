-- Conversations of Genesys Cloud, each once: of several exports of one, that which knows most of it, whatever the order of files.
-- grain: one row per conversation
-- owner: team:data
with distinct_records as (
    select
        conversation_id,
        started_at,
        ended_at,
        last_seen_at,
        direction,
        is_self_served,
        external_tag,
        session_count,
        sessions,
        min(segment_id) as segment_id,
    from raw.genesys_conversations
    group by
        conversation_id, started_at, ended_at, last_seen_at, direction, is_self_served, external_tag, session_count,
        sessions
),

states as (
    select
        *,
        -- A later state has seen a later instant; of two that end in the same instant, the closed and fuller one.
        row_number() over (
            partition by conversation_id
            order by
                last_seen_at desc, ended_at desc nulls last, session_count desc, length(sessions) desc, sessions,
                started_at, direction, is_self_served, external_tag
        ) as state_number,
    from distinct_records
)

select
    conversation_id, -- The platform's id of the conversation
    started_at, -- Start of the conversation
    ended_at, -- End of the conversation; null while it is open
    last_seen_at, -- The latest instant in the record
    direction, -- originatingDirection as written
    is_self_served, -- Whether the platform says that the customer served himself; null: it does not say
    external_tag, -- The centre's own tag of the conversation
    session_count, -- Sessions in it
    sessions, -- Its sessions as JSON, segments summed up [pii]
    segment_id, -- Lake segment that the record was first read from
from states
where state_number = 1
