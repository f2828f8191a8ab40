-- Contacts of a site by day, all its channels and both directions together, as sums that may be added up.
-- Sums of seconds are rounded to the microsecond: added in another order they differ in the last digits.
-- grain: one row per local day and site
-- owner: team:data
-- window: business_date
select
    business_date, -- Local date of arrival
    site, -- Site
    cast(sum(contact_count) as bigint) as contact_count, -- Contacts that arrived
    cast(sum(answered_count) as bigint) as answered_count, -- Answered by an agent
    cast(sum(abandoned_count) as bigint) as abandoned_count, -- Left by the customer while waiting
    cast(sum(short_abandoned_count) as bigint) as short_abandoned_count, -- Of the abandoned, those no later than the short-abandon threshold
    cast(sum(abandoned_in_ivr_count) as bigint) as abandoned_in_ivr_count, -- Left by the customer in the IVR
    cast(sum(contained_in_ivr_count) as bigint) as contained_in_ivr_count, -- Ended in the IVR without asking for an agent
    cast(sum(timed_out_count) as bigint) as timed_out_count, -- Sent on by a timeout, and answered nowhere
    cast(sum(exited_by_key_count) as bigint) as exited_by_key_count, -- Left the queue by pressing a key
    cast(sum(exited_empty_count) as bigint) as exited_empty_count, -- Sent on because no agent was left
    cast(sum(withdrawn_count) as bigint) as withdrawn_count, -- Taken out by the system
    cast(sum(blocked_count) as bigint) as blocked_count, -- Refused before entering a queue: full, empty or closed
    cast(sum(failed_count) as bigint) as failed_count, -- Failed for a technical reason
    cast(sum(callback_count) as bigint) as callback_count, -- Asked to be called back, and was not answered otherwise
    cast(sum(open_count) as bigint) as open_count, -- Still going on, or the end was not logged
    cast(sum(queued_count) as bigint) as queued_count, -- Contacts that came to a queue, refusals included
    cast(sum(waited_count) as bigint) as waited_count, -- Contacts that waited in a queue for a known time; who was only refused is not one
    cast(sum(multi_queue_count) as bigint) as multi_queue_count, -- Contacts that came to more than one
    cast(sum(transferred_contact_count) as bigint) as transferred_contact_count, -- Contacts that were transferred at least once
    cast(sum(transfer_count) as bigint) as transfer_count, -- Transfers
    cast(sum(identified_count) as bigint) as identified_count, -- Contacts whose customer is known
    cast(sum(in_business_hours_count) as bigint) as in_business_hours_count, -- Contacts that arrived while the centre was open
    cast(sum(repeat_count) as bigint) as repeat_count, -- Contacts of somebody who had been in contact within 30 days before
    round(sum(queue_wait_s), 6) as queue_wait_s, -- Sum of the waits in queues; null: none came to a queue [unit: s]
    round(sum(elapsed_wait_s), 6) as elapsed_wait_s, -- Sum of the times from entering the first queue to the end of the last wait [unit: s]
    round(sum(ivr_s), 6) as ivr_s, -- Sum of the times before the first queue; null: no source says [unit: s]
    round(sum(ring_s), 6) as ring_s, -- Sum of the rings of answered attempts; null: no source says [unit: s]
    round(sum(talk_s), 6) as talk_s, -- Sum of talk; null: no source says [unit: s]
    round(sum(hold_s), 6) as hold_s, -- Sum of time on hold; null: no source says [unit: s]
    round(sum(wrap_s), 6) as wrap_s, -- Sum of wrap-up; null: no source says [unit: s]
    round(sum(handle_s), 6) as handle_s, -- Sum of talk, hold and wrap-up, as far as logged; null: none of them is [unit: s]
from kpi.channel_day
group by business_date, site
