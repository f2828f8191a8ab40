-- E-mails as the ticket system exports them once they are closed; the clock runs from the receipt.
select
    ticket as source_contact_id,
    received as arrived_at,
    'email' as channel,
    'inbound' as direction,
    sender as caller_number,
    site,
    mailbox as queue,
    received as entered_at,
    first_opened as answered_at,
    clerk as agent,
    work_seconds as talk_s,
    closed as ended_at,
    'answered' as outcome
from input
