-- Surveys sent and answered, on a common scale of shares: top two and bottom two boxes, promoters and detractors.
-- grain: one row per survey
-- owner: team:data
with contacts as (
    select
        source_contact_id,
        min(contact_key) as contact_key,
        count(*) as contact_count,
    from core.contacts
    where source_contact_id in (select contact_id from staging.surveys where contact_id is not null)
    group by source_contact_id
),

linked as (
    select
        s.*,
        case when c.contact_count = 1 then c.contact_key end as contact_key,
    from staging.surveys as s
    left join contacts as c on s.contact_id = c.source_contact_id
)

select
    cast(md5_number(concat_ws('|', 'survey', s.source, s.kind, s.survey_id)) as uuid) as survey_key, -- Key of the survey
    s.contact_key, -- Contact it is about; null: none, or not known to us
    coalesce(k.customer_key, c.customer_key) as customer_key, -- Pseudonym of the customer
    c.site, -- Site of the contact
    c.last_queue as queue, -- Last queue of the contact
    c.channel, -- Channel of the contact
    coalesce(n.agent, s.agent, c.last_agent) as agent, -- Agent it is about
    s.sent_at, -- When it was sent
    s.answered_at, -- When it was answered; null: not
    coalesce(c.business_date, cast(timezone(getvariable('timezone'), coalesce(s.sent_at, s.answered_at)) as date))
        as business_date, -- Local date of the contact, else of sending
    s.kind, -- csat, nps or ces
    s.score, -- Score as given; null: not answered
    s.scale_min, -- Lowest score of its scale
    s.scale_max, -- Highest score of its scale
    case when s.kind = 'csat' then s.score >= s.scale_max - 1 end as is_top_two, -- One of the two best boxes
    case when s.kind = 'csat' then s.score <= s.scale_min + 1 end as is_bottom_two, -- One of the two worst boxes
    case when s.kind = 'nps' then s.score >= 9 end as is_promoter, -- 9 or 10
    case when s.kind = 'nps' then s.score <= 6 end as is_detractor, -- 0 to 6
    regexp_replace(regexp_replace(s.comment, '[^ @]+@[^ @]+', '…@…', 'g'), '[0-9０-９][0-9０-９ ./()-]{5,}', '…', 'g') as comment, -- What the customer wrote, numbers and addresses masked
    s.language, -- Language of the comment
from linked as s
left join core.contacts as c on s.contact_key = c.contact_key
left join staging.customer_keys as k on s.customer_id = k.customer_id
left join staging.agent_names as n on s.agent = n.written
