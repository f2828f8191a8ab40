-- Every way in which any source wrote a phone number or an e-mail address; what has to be normalised and given a pseudonym.
-- grain: one row per written form
-- owner: team:data
with mentions as (
    select caller_number as number from staging.asterisk_queue_log where caller_number is not null
    union all
    select caller_number from staging.asterisk_channels where caller_number is not null
    union all
    select caller_number from staging.calls where caller_number is not null
    union all
    select trim(unnest(string_split(phone, ';'))) from staging.customers where phone is not null
    union all
    select trim(unnest(string_split(email, ';'))) from staging.customers where email is not null
    union all
    select phone from staging.campaign_attempts where phone is not null
)

select
    number, -- As written [pii]
from mentions
where number <> ''
group by number
