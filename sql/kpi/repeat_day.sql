-- Contacts that were followed by another of the same customer or number within a window; what FCR is made of.
-- The newest contacts are immature until the window has passed: they stand apart, never as resolved.
-- grain: one row per local day, site, queue, channel and window
-- owner: team:data
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

judged as (
    select
        f.business_date,
        f.site,
        f.last_queue as queue,
        f.channel,
        w.window_name,
        f.is_identified,
        date_diff('second', f.arrived_at, e.through_at) >= w.window_s as is_mature,
        f.is_answered and f.person is not null as is_resolvable,
        coalesce(f.person is not null and date_diff('second', f.arrived_at, f.next_arrived_at) <= w.window_s, false)
            as is_repeated,
    from followed as f
    cross join windows as w
    cross join data_end as e
)

select
    business_date, -- Local date of arrival
    site, -- Site
    queue, -- Last queue of the contact
    channel, -- Channel
    window_name, -- 10min, 24h, 7d or 30d
    cast(sum(case when is_mature and is_resolvable then 1 else 0 end) as bigint) as resolvable_count, -- Answered contacts of a known person whose window has passed
    cast(sum(case when is_mature and is_resolvable and is_repeated then 1 else 0 end) as bigint) as repeated_count, -- Of these, followed by another contact within the window
    cast(sum(case when not is_mature and is_resolvable then 1 else 0 end) as bigint) as immature_count, -- Answered contacts of a known person whose window is still running
    cast(sum(case when is_identified then 1 else 0 end) as bigint) as identified_count, -- Contacts of a known customer
    count(*) as contact_count, -- All inbound contacts
from judged
group by business_date, site, queue, channel, window_name
