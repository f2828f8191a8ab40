-- A customer's versions do not overlap: at any moment there is one truth about him.
-- severity: fail
-- table: core.customers
-- owner: team:data
with versions as (
    select
        customer_key,
        valid_from,
        valid_to,
        lag(valid_from) over (partition by customer_key order by valid_from, valid_to) as earlier_from,
        lag(valid_to) over (partition by customer_key order by valid_from, valid_to) as earlier_to
    from core.customers
)

select
    customer_key, -- customer
    earlier_from, -- begin of the earlier version
    earlier_to, -- its end, null = it never ended
    valid_from, -- begin of the version that overlaps it
    valid_to, -- its end
from versions
where earlier_from is not null
    and (earlier_to is null or earlier_to > valid_from)
