-- How many customers each value tier has now, and where their scores come from.
-- grain: one row per tier, source and version of the model
-- owner: team:data
select
    tier, -- Value tier
    source, -- model, rule or default
    model_version, -- Versions of the models or rules behind it
    max(priority) as priority, -- Highest priority, 0 to 100
    count(*) as customer_count, -- Customers
from ml.customer_scores
where tier is not null
group by tier, source, model_version
