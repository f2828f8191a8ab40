-- Contacts that were followed by another of the same customer or number within a window; what FCR is made of.
-- The newest contacts are immature until the window has passed: they stand apart, never as resolved.
-- grain: one row per local day, site, queue, channel and window
-- owner: team:data
-- window: business_date onwards
with windows as (
    select * from (values ('10min', 600), ('24h', 86400), ('7d', 604800), ('30d', 2592000)) as w (window_name, window_s)
),

data_end as (
    select max(arrived_at) as through_at from core.contacts
),

followed as (
    select
        business_date,
        site,
        last_queue,
        channel,
        arrived_at,
        is_answered,
        coalesce(customer_key, caller_token) as person,
        customer_key is not null as is_identified,
        lead(arrived_at) over (
            partition by coalesce(customer_key, caller_token) order by arrived_at, contact_key
        ) as next_arrived_at,
    from core.contacts
    where direction = 'inbound'
),

timed as (
    select
        f.business_date,
        f.site,
        f.last_queue as queue,
        f.channel,
        f.is_identified,
        f.is_answered and f.person is not null as is_resolvable,
        (epoch_us(e.through_at) - epoch_us(f.arrived_at)) / 1e6 as passed_s,
        case when f.person is not null then (epoch_us(f.next_arrived_at) - epoch_us(f.arrived_at)) / 1e6 end as next_s,
    from followed as f
    cross join data_end as e
),

classed as (
    select
        *,
        case
            when passed_s >= 2592000 then 2592000
            when passed_s >= 604800 then 604800
            when passed_s >= 86400 then 86400
            when passed_s >= 600 then 600
            else 0
        end as passed_window_s,
        case
            when next_s <= 600 then 600
            when next_s <= 86400 then 86400
            when next_s <= 604800 then 604800
            when next_s <= 2592000 then 2592000
        end as next_window_s,
    from timed
),

-- By the longest window that has passed and the shortest that holds the next contact: contacts are many, these are few.
counted as (
    select
        business_date,
        site,
        queue,
        channel,
        is_identified,
        is_resolvable,
        passed_window_s,
        next_window_s,
        count(*) as contact_count,
    from classed
    group by
        business_date, site, queue, channel, is_identified, is_resolvable, passed_window_s, next_window_s
),

judged as (
    select
        c.business_date,
        c.site,
        c.queue,
        c.channel,
        w.window_name,
        c.is_identified,
        c.passed_window_s >= w.window_s as is_mature,
        c.is_resolvable,
        coalesce(c.next_window_s <= w.window_s, false) as is_repeated,
        c.contact_count,
    from counted as c
    cross join windows as w
)

select
    business_date, -- Local date of arrival
    site, -- Site
    queue, -- Last queue of the contact
    channel, -- Channel
    window_name, -- 10min, 24h, 7d or 30d
    cast(sum(case when is_mature and is_resolvable then contact_count else 0 end) as bigint) as resolvable_count, -- Answered contacts of a known person whose window has passed
    cast(sum(case when is_mature and is_resolvable and is_repeated then contact_count else 0 end) as bigint) as repeated_count, -- Of these, followed by another contact within the window
    cast(sum(case when not is_mature and is_resolvable then contact_count else 0 end) as bigint) as immature_count, -- Answered contacts of a known person whose window is still running
    cast(sum(case when is_identified then contact_count else 0 end) as bigint) as identified_count, -- Contacts of a known customer
    cast(sum(contact_count) as bigint) as contact_count, -- All inbound contacts
from judged
group by business_date, site, queue, channel, window_name
