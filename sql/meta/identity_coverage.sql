-- How many contacts have a known customer, and by what they are known; the rest is anonymous or matches nobody.
-- grain: one row per source and channel
-- owner: team:data
select
    source, -- Source
    channel, -- Channel
    count(*) as contact_count, -- Contacts; the sum of the five counts that follow
    cast(sum(case when identified_by = 'crm_id' then 1 else 0 end) as bigint) as by_crm_id_count, -- Known by the customer id that the source states
    cast(sum(case when identified_by = 'number' then 1 else 0 end) as bigint) as by_number_count, -- Known by a number that is one customer's alone
    cast(sum(case when identified_by = 'email' then 1 else 0 end) as bigint) as by_email_count, -- Known by an e-mail address that is one customer's alone
    cast(sum(case when identified_by is null and caller_token is null then 1 else 0 end) as bigint) as anonymous_count, -- Withheld, internal, or no number or address
    cast(sum(case when identified_by is null and caller_token is not null then 1 else 0 end) as bigint) as unmatched_count, -- A number or address of no customer, or of several
from core.contacts
group by source, channel
