-- Chats as the chat platform exports them, one conversation a line.
select
    conversation as source_contact_id,
    opened as arrived_at,
    'chat' as channel,
    'inbound' as direction,
    visitor as caller_number,
    site,
    desk as queue,
    case when desk is not null then opened end as entered_at,
    taken as answered_at,
    clerk as agent,
    case when taken is not null
        then epoch(cast(ended as timestamptz)) - epoch(cast(taken as timestamptz)) end as talk_s,
    after_work_seconds as wrap_s,
    ended as ended_at,
    case result when 'served' then 'answered' when 'gone' then 'abandoned' else 'blocked' end as outcome
from input
