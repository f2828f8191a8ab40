-- Outbound campaigns by day and hour of the local clock, as sums that may be added up.
-- Who was dialled first when is asked of all of a campaign, so the table is built whole; its attempts are, too.
-- A person is the customer where known, else the number; an attempt on neither counts in no figure of persons.
-- grain: one row per local day, campaign, arm, hour and currency
-- owner: team:data
with attempts as (
    select
        *,
        cast(extract(hour from timezone(getvariable('timezone'), dialled_at)) as bigint) as local_hour,
        coalesce(customer_key, caller_token) as person,
        row_number() over (
            partition by campaign_id, coalesce(customer_key, caller_token) order by dialled_at, attempt_key
        ) as attempt_number,
    from core.campaign_attempts
),

reached as (
    select
        *,
        min(case when is_connected then attempt_number end) over (partition by campaign_id, person) as connected_number,
    from attempts
)

select
    business_date, -- Local date of dialling
    campaign_id, -- Campaign
    arm, -- Arm of an experiment, as the list names it
    local_hour, -- Hour of the local clock, 0 to 23
    cast(count(*) as bigint) as attempt_count, -- Attempts
    cast(sum(case is_connected when true then 1 when false then 0 end) as bigint) as connected_count, -- Somebody answered; null: no attempt says
    cast(sum(case is_right_party when true then 1 when false then 0 end) as bigint) as right_party_count, -- It was the person meant; null: no attempt says
    cast(sum(case when outcome = 'sold' then 1 when outcome is not null then 0 end) as bigint) as sold_count, -- Sold, as the dialler says; null, as of the next four: no attempt says what came of it
    cast(sum(case when outcome = 'refused' then 1 when outcome is not null then 0 end) as bigint) as refused_count, -- Refused
    cast(sum(case when outcome = 'callback' then 1 when outcome is not null then 0 end) as bigint) as callback_count, -- Asked to be called back
    cast(sum(case when outcome = 'opted_out' then 1 when outcome is not null then 0 end) as bigint) as opted_out_count, -- Wants no more calls
    cast(sum(case when outcome = 'no_answer' then 1 when outcome is not null then 0 end) as bigint) as no_answer_count, -- Nobody answered
    round(sum(amount), 6) as amount, -- What the dialler says was sold, in `currency`; null: none stated
    currency, -- Currency
    cast(sum(case when person is not null and attempt_number = 1 then 1 else 0 end) as bigint) as person_first_attempt_count, -- Persons dialled for the first time in the campaign: the list dialled
    cast(sum(case
        when is_connected is null then null
        when person is not null and attempt_number = connected_number then 1
        else 0
    end) as bigint) as person_first_connected_count, -- Persons reached for the first time in the campaign; null: no attempt says
    cast(sum(case
        when is_connected is null then null
        when person is not null and attempt_number = connected_number then attempt_number
        else 0
    end) as bigint) as attempts_to_contact_count, -- Attempts that it took to reach these for the first time
from reached
group by business_date, campaign_id, arm, local_hour, currency
