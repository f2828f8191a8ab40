-- purpose: compare agents, queues or sites fairly: who differs by more than chance
-- definition: limits: funnel_low and funnel_high of the share of all together, 1.96 (95 %) and 3.09 (99.8 %) standard errors wide; shrunken_value: the group's share drawn towards that of all, the more so the fewer the observations
-- source: Spiegelhalter 2005 (funnel plots); beta-binomial shrinkage, its strength by the method of moments
-- Of shares of counted things only: of times, and of shares of time, the spread within a group is not known from sums.
create or replace macro kpi_fair(metric, from_date, to_date, "by" := 'agent') as table
with judged as (
    select
        group_value,
        numerator,
        denominator,
        value,
        n,
        sum(numerator) over () / sum(denominator) over () as all_value,
        sum(denominator) over () as all_n,
        sum(denominator * denominator) over () as squared_n,
        count(*) over () as group_count
    from kpi(metric, from_date, to_date, "by")
    where
        denominator > 0
        and group_value is not null -- what names nobody is nobody's figure
        and case
            when (select m.unit from meta.metrics as m where m.metric = kpi_metric_id(metric)) = 'share' then true
            else error(concat(metric, ' is no share; kpi_fair compares shares only'))
        end
        and case
            when denominator = n and numerator between 0 and denominator then true
            else error(concat(metric, ' is no share of counted things; kpi_fair compares those only'))
        end
),

spread as (
    -- How much of the differences is more than chance, as the correlation within a group.
    select
        *,
        least(1, greatest(0, (
            sum(denominator * (value - all_value) ** 2) over () / nullif(all_value * (1 - all_value), 0) - (group_count - 1)
        ) / nullif(all_n - squared_n / all_n, 0))) as correlation
    from judged
),

limits as (
    select
        *,
        funnel_low(all_value, denominator, 1.96) as low_95,
        funnel_high(all_value, denominator, 1.96) as high_95,
        funnel_low(all_value, denominator, 3.09) as low_998,
        funnel_high(all_value, denominator, 3.09) as high_998
    from spread
)

select
    group_value,
    value,
    n,
    all_value,
    case
        when coalesce(correlation, 0) = 0 then all_value
        else (numerator + (1 / correlation - 1) * all_value) / (denominator + 1 / correlation - 1)
    end as shrunken_value,
    low_95,
    high_95,
    low_998,
    high_998,
    case when value > high_998 then 'above' when value < low_998 then 'below' else 'within' end as position
from limits;

comment on macro table kpi_fair is
    'A share by agent, queue or site with funnel limits (95 % and 99.8 %) and a shrunken estimate: whoever is within differs by no more than chance';
