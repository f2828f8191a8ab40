-- purpose: the sums behind every figure of whole contacts
-- definition: additive counts and seconds of contacts over whole business dates, both ends included; seconds are null where no contact has such a part
-- source: kpi.channel_day
-- `by`: total, channel, site, direction, business_date.
create or replace macro kpi_contact_sums(from_date, to_date, "by" := 'total') as table
with grouped as (
    select
        case "by"
            when 'total' then 'total'
            when 'channel' then channel
            when 'site' then site
            when 'direction' then direction
            when 'business_date' then strftime(business_date, '%Y-%m-%d')
            else error(concat('unknown by := ', "by", '; contact figures know total, channel, site, direction, business_date'))
        end as group_value,
        *
    from kpi.channel_day
    where business_date between from_date and to_date
)

select
    group_value,
    cast(sum(contact_count) as bigint) as contact_count,
    cast(sum(answered_count) as bigint) as answered_count,
    cast(sum(abandoned_count) as bigint) as abandoned_count,
    cast(sum(short_abandoned_count) as bigint) as short_abandoned_count,
    cast(sum(abandoned_in_ivr_count) as bigint) as abandoned_in_ivr_count,
    cast(sum(contained_in_ivr_count) as bigint) as contained_in_ivr_count,
    cast(sum(timed_out_count) as bigint) as timed_out_count,
    cast(sum(exited_by_key_count) as bigint) as exited_by_key_count,
    cast(sum(exited_empty_count) as bigint) as exited_empty_count,
    cast(sum(withdrawn_count) as bigint) as withdrawn_count,
    cast(sum(blocked_count) as bigint) as blocked_count,
    cast(sum(failed_count) as bigint) as failed_count,
    cast(sum(callback_count) as bigint) as callback_count,
    cast(sum(open_count) as bigint) as open_count,
    cast(sum(queued_count) as bigint) as queued_count,
    cast(sum(waited_count) as bigint) as waited_count,
    cast(sum(multi_queue_count) as bigint) as multi_queue_count,
    cast(sum(transferred_contact_count) as bigint) as transferred_contact_count,
    cast(sum(transfer_count) as bigint) as transfer_count,
    cast(sum(identified_count) as bigint) as identified_count,
    cast(sum(in_business_hours_count) as bigint) as in_business_hours_count,
    cast(sum(repeat_count) as bigint) as repeat_count,
    cast(sum(queue_wait_s) as double) as queue_wait_s,
    cast(sum(elapsed_wait_s) as double) as elapsed_wait_s,
    cast(sum(ivr_s) as double) as ivr_s,
    cast(sum(ring_s) as double) as ring_s,
    cast(sum(talk_s) as double) as talk_s,
    cast(sum(hold_s) as double) as hold_s,
    cast(sum(wrap_s) as double) as wrap_s,
    cast(sum(handle_s) as double) as handle_s
from grouped
group by group_value;

comment on macro table kpi_contact_sums is
    'The sums behind every figure of whole contacts, by total, channel, site, direction, business_date';
