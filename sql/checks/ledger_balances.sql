-- Every caller offered to a queue was answered, gave up, was sent on or still waits: nobody is lost.
-- severity: fail
-- table: meta.ledger
-- owner: team:data
select
    queue, -- queue
    interval_started_at, -- interval
    offered_count, -- callers offered
    answered_count + abandoned_count + timed_out_count + exited_by_key_count + exited_empty_count
        + withdrawn_count + open_count as accounted_count, -- callers whose fate is known
    difference_count, -- the difference as the ledger states it
from meta.ledger
where difference_count is distinct from 0
    or offered_count is distinct from (
        answered_count + abandoned_count + timed_out_count + exited_by_key_count + exited_empty_count
        + withdrawn_count + open_count
    )
