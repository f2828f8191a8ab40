-- Contacts of every channel by day, as sums that may be added up; what a channel does not have is null, not zero.
-- A contact belongs to the local day in which it arrived, whenever it ended. Its outcomes add up to the contacts.
-- Sums of seconds are rounded to the microsecond: added in another order they differ in the last digits.
-- grain: one row per local day, site, channel and direction
-- owner: team:data
-- window: business_date
select
    business_date, -- Local date of arrival
    site, -- Site
    channel, -- Channel
    direction, -- inbound or outbound
    cast(count(*) as bigint) as contact_count, -- Contacts that arrived
    cast(sum(case when outcome = 'answered' then 1 else 0 end) as bigint) as answered_count, -- Answered by an agent
    cast(sum(case when outcome = 'abandoned' then 1 else 0 end) as bigint) as abandoned_count, -- Left by the customer while waiting
    cast(sum(case when is_short_abandon then 1 else 0 end) as bigint) as short_abandoned_count, -- Of the abandoned, those no later than the short-abandon threshold
    cast(sum(case when outcome = 'abandoned_in_ivr' then 1 else 0 end) as bigint) as abandoned_in_ivr_count, -- Left by the customer in the IVR
    cast(sum(case when outcome = 'contained_in_ivr' then 1 else 0 end) as bigint) as contained_in_ivr_count, -- Ended in the IVR without asking for an agent
    cast(sum(case when outcome = 'timed_out' then 1 else 0 end) as bigint) as timed_out_count, -- Sent on by a timeout, and answered nowhere
    cast(sum(case when outcome = 'exited_by_key' then 1 else 0 end) as bigint) as exited_by_key_count, -- Left the queue by pressing a key
    cast(sum(case when outcome = 'exited_empty' then 1 else 0 end) as bigint) as exited_empty_count, -- Sent on because no agent was left
    cast(sum(case when outcome = 'withdrawn' then 1 else 0 end) as bigint) as withdrawn_count, -- Taken out by the system
    cast(sum(case when outcome = 'blocked' then 1 else 0 end) as bigint) as blocked_count, -- Refused before entering a queue: full, empty or closed
    cast(sum(case when outcome = 'failed' then 1 else 0 end) as bigint) as failed_count, -- Failed for a technical reason
    cast(sum(case when outcome = 'callback' then 1 else 0 end) as bigint) as callback_count, -- Asked to be called back, and was not answered otherwise
    cast(sum(case when outcome = 'open' then 1 else 0 end) as bigint) as open_count, -- Still going on, or the end was not logged
    cast(sum(case when queue_visit_count > 0 then 1 else 0 end) as bigint) as queued_count, -- Contacts that came to a queue, refusals included
    cast(sum(case when queue_wait_s is not null then 1 else 0 end) as bigint) as waited_count, -- Contacts that waited in a queue for a known time; who was only refused is not one
    cast(sum(case when queue_visit_count > 1 then 1 else 0 end) as bigint) as multi_queue_count, -- Contacts that came to more than one
    cast(sum(case when transfer_count > 0 then 1 else 0 end) as bigint) as transferred_contact_count, -- Contacts that were transferred at least once
    cast(sum(transfer_count) as bigint) as transfer_count, -- Transfers
    cast(sum(case when customer_key is not null then 1 else 0 end) as bigint) as identified_count, -- Contacts whose customer is known
    cast(sum(case when is_in_business_hours then 1 else 0 end) as bigint) as in_business_hours_count, -- Contacts that arrived while the centre was open
    cast(sum(case when repeat_of is not null then 1 else 0 end) as bigint) as repeat_count, -- Contacts of somebody who had been in contact within 30 days before
    round(sum(queue_wait_s), 6) as queue_wait_s, -- Sum of the waits in queues; null: none came to a queue [unit: s]
    round(sum(elapsed_wait_s), 6) as elapsed_wait_s, -- Sum of the times from entering the first queue to the end of the last wait [unit: s]
    round(sum(ivr_s), 6) as ivr_s, -- Sum of the times before the first queue; null: no source says [unit: s]
    round(sum(ring_s), 6) as ring_s, -- Sum of the rings of answered attempts; null: no source says [unit: s]
    round(sum(talk_s), 6) as talk_s, -- Sum of talk; null: no source says [unit: s]
    round(sum(hold_s), 6) as hold_s, -- Sum of time on hold; null: no source says [unit: s]
    round(sum(wrap_s), 6) as wrap_s, -- Sum of wrap-up; null: no source says [unit: s]
    round(sum(case when coalesce(talk_s, hold_s, wrap_s) is not null then handle_s end), 6) as handle_s, -- Sum of talk, hold and wrap-up, as far as logged; null: none of them is [unit: s]
from core.contacts
group by business_date, site, channel, direction
