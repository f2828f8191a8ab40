-- purpose: service level, seven named variants
-- definition: A answered, B abandoned, A_T and B_T those within the threshold, B_s short abandons, F flow-outs; see the case below; numerator / denominator, 0 to 1
-- source: ICMI (short abandons), Asterisk app_queue, Cisco and Genesys reporting guides; golden vector in tests/sql/test_macros.py
create or replace macro kpi_service_level(from_date, to_date, "by" := 'queue', variant := 'sl_short_abandons_excluded') as table
with parts as (
    select
        group_value,
        case variant
            when 'sl_abandons_positive' then answered_in_sl_count + abandoned_in_sl_count
            when 'sl_answered_only' then answered_in_sl_count
            when 'sl_abandons_negative' then answered_in_sl_count
            when 'sl_abandons_in_threshold_ignored' then answered_in_sl_count
            when 'sl_short_abandons_credited' then answered_in_sl_count + short_abandoned_count
            when 'sl_short_abandons_excluded' then answered_in_sl_count
            when 'sl_flowouts_in_denominator' then answered_in_sl_count
            else error(concat('unknown variant := ', variant, '; see the comment of kpi_service_level'))
        end as numerator,
        case variant
            when 'sl_answered_only' then answered_count
            when 'sl_abandons_in_threshold_ignored' then answered_count + abandoned_count - abandoned_in_sl_count
            when 'sl_short_abandons_excluded' then answered_count + abandoned_count - short_abandoned_count
            when 'sl_flowouts_in_denominator'
                then answered_count + abandoned_count
                    + timed_out_count + exited_by_key_count + exited_empty_count + withdrawn_count
            else answered_count + abandoned_count
        end as denominator
    from kpi_queue_sums(from_date, to_date, "by")
)

select
    group_value,
    cast(numerator as double) as numerator,
    cast(denominator as double) as denominator,
    numerator / nullif(cast(denominator as double), 0) as value,
    denominator as n
from parts;

comment on macro table kpi_service_level is
    'Service level, 0 to 1. Variants: sl_abandons_positive, sl_answered_only, sl_abandons_negative, sl_abandons_in_threshold_ignored, sl_short_abandons_credited, sl_short_abandons_excluded (default), sl_flowouts_in_denominator';
