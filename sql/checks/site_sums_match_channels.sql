-- A site's day is the sum of its channels' days, in every figure.
-- Durations may differ by a billionth part: adding in another order rounds otherwise.
-- severity: fail
-- owner: team:data
-- part: business_date
with signed as (
    select
        business_date,
        site,
        coalesce(contact_count, 0) as contact_count,
        coalesce(answered_count, 0) as answered_count,
        coalesce(abandoned_count, 0) as abandoned_count,
        coalesce(short_abandoned_count, 0) as short_abandoned_count,
        coalesce(abandoned_in_ivr_count, 0) as abandoned_in_ivr_count,
        coalesce(contained_in_ivr_count, 0) as contained_in_ivr_count,
        coalesce(timed_out_count, 0) as timed_out_count,
        coalesce(exited_by_key_count, 0) as exited_by_key_count,
        coalesce(exited_empty_count, 0) as exited_empty_count,
        coalesce(withdrawn_count, 0) as withdrawn_count,
        coalesce(blocked_count, 0) as blocked_count,
        coalesce(failed_count, 0) as failed_count,
        coalesce(callback_count, 0) as callback_count,
        coalesce(open_count, 0) as open_count,
        coalesce(queued_count, 0) as queued_count,
        coalesce(waited_count, 0) as waited_count,
        coalesce(multi_queue_count, 0) as multi_queue_count,
        coalesce(transferred_contact_count, 0) as transferred_contact_count,
        coalesce(transfer_count, 0) as transfer_count,
        coalesce(identified_count, 0) as identified_count,
        coalesce(in_business_hours_count, 0) as in_business_hours_count,
        coalesce(repeat_count, 0) as repeat_count,
        coalesce(queue_wait_s, 0) as queue_wait_s,
        coalesce(elapsed_wait_s, 0) as elapsed_wait_s,
        coalesce(ivr_s, 0) as ivr_s,
        coalesce(ring_s, 0) as ring_s,
        coalesce(talk_s, 0) as talk_s,
        coalesce(hold_s, 0) as hold_s,
        coalesce(wrap_s, 0) as wrap_s,
        coalesce(handle_s, 0) as handle_s
    from kpi.channel_day

    union all

    select
        business_date,
        site,
        -coalesce(contact_count, 0) as contact_count,
        -coalesce(answered_count, 0) as answered_count,
        -coalesce(abandoned_count, 0) as abandoned_count,
        -coalesce(short_abandoned_count, 0) as short_abandoned_count,
        -coalesce(abandoned_in_ivr_count, 0) as abandoned_in_ivr_count,
        -coalesce(contained_in_ivr_count, 0) as contained_in_ivr_count,
        -coalesce(timed_out_count, 0) as timed_out_count,
        -coalesce(exited_by_key_count, 0) as exited_by_key_count,
        -coalesce(exited_empty_count, 0) as exited_empty_count,
        -coalesce(withdrawn_count, 0) as withdrawn_count,
        -coalesce(blocked_count, 0) as blocked_count,
        -coalesce(failed_count, 0) as failed_count,
        -coalesce(callback_count, 0) as callback_count,
        -coalesce(open_count, 0) as open_count,
        -coalesce(queued_count, 0) as queued_count,
        -coalesce(waited_count, 0) as waited_count,
        -coalesce(multi_queue_count, 0) as multi_queue_count,
        -coalesce(transferred_contact_count, 0) as transferred_contact_count,
        -coalesce(transfer_count, 0) as transfer_count,
        -coalesce(identified_count, 0) as identified_count,
        -coalesce(in_business_hours_count, 0) as in_business_hours_count,
        -coalesce(repeat_count, 0) as repeat_count,
        -coalesce(queue_wait_s, 0) as queue_wait_s,
        -coalesce(elapsed_wait_s, 0) as elapsed_wait_s,
        -coalesce(ivr_s, 0) as ivr_s,
        -coalesce(ring_s, 0) as ring_s,
        -coalesce(talk_s, 0) as talk_s,
        -coalesce(hold_s, 0) as hold_s,
        -coalesce(wrap_s, 0) as wrap_s,
        -coalesce(handle_s, 0) as handle_s
    from kpi.site_day
)

select
    business_date, -- day
    site, -- site
    sum(contact_count) as contact_difference_count, -- contacts: channels less site
    sum(answered_count) as answered_difference_count, -- answered: channels less site
    sum(queue_wait_s) as queue_wait_difference_s, -- wait in queues: channels less site
    sum(handle_s) as handle_difference_s, -- handling: channels less site
from signed
group by business_date, site
having sum(contact_count) <> 0
    or sum(answered_count) <> 0
    or sum(abandoned_count) <> 0
    or sum(short_abandoned_count) <> 0
    or sum(abandoned_in_ivr_count) <> 0
    or sum(contained_in_ivr_count) <> 0
    or sum(timed_out_count) <> 0
    or sum(exited_by_key_count) <> 0
    or sum(exited_empty_count) <> 0
    or sum(withdrawn_count) <> 0
    or sum(blocked_count) <> 0
    or sum(failed_count) <> 0
    or sum(callback_count) <> 0
    or sum(open_count) <> 0
    or sum(queued_count) <> 0
    or sum(waited_count) <> 0
    or sum(multi_queue_count) <> 0
    or sum(transferred_contact_count) <> 0
    or sum(transfer_count) <> 0
    or sum(identified_count) <> 0
    or sum(in_business_hours_count) <> 0
    or sum(repeat_count) <> 0
    or abs(sum(queue_wait_s)) > 0.000001 + 0.000000001 * sum(abs(queue_wait_s))
    or abs(sum(elapsed_wait_s)) > 0.000001 + 0.000000001 * sum(abs(elapsed_wait_s))
    or abs(sum(ivr_s)) > 0.000001 + 0.000000001 * sum(abs(ivr_s))
    or abs(sum(ring_s)) > 0.000001 + 0.000000001 * sum(abs(ring_s))
    or abs(sum(talk_s)) > 0.000001 + 0.000000001 * sum(abs(talk_s))
    or abs(sum(hold_s)) > 0.000001 + 0.000000001 * sum(abs(hold_s))
    or abs(sum(wrap_s)) > 0.000001 + 0.000000001 * sum(abs(wrap_s))
    or abs(sum(handle_s)) > 0.000001 + 0.000000001 * sum(abs(handle_s))
