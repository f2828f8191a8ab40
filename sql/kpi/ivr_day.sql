-- What became of contacts in the IVR, by the number that it answered and day, as sums that may be added up.
-- Only contacts that were in the IVR count: some time passed before the first queue, or they ended there.
-- grain: one row per local day of arrival, site, channel and node
-- owner: team:data
-- window: business_date
select
    business_date, -- Local date of arrival
    site, -- Site
    channel, -- Channel
    dialled_number as node, -- Number or extension that the IVR answered; null: not known
    cast(count(*) as bigint) as ivr_contact_count, -- Contacts that were in the IVR
    cast(sum(case when outcome = 'contained_in_ivr' then 1 else 0 end) as bigint) as contained_count, -- Ended there without asking for an agent
    cast(sum(case when outcome = 'abandoned_in_ivr' then 1 else 0 end) as bigint) as abandoned_count, -- Left by the customer there
    cast(sum(case when queue_visit_count > 0 then 1 else 0 end) as bigint) as to_queue_count, -- Went on to a queue, refusals included
    cast(sum(case when ivr_s is not null then 1 else 0 end) as bigint) as ivr_known_count, -- Contacts whose time in the IVR is known
    round(sum(ivr_s), 6) as ivr_s, -- Sum of the times before the first queue; null: no source says [unit: s]
from core.contacts
where ivr_s > 0 or outcome in ('contained_in_ivr', 'abandoned_in_ivr')
group by business_date, site, channel, dialled_number
