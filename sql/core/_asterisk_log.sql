-- Whether there is a queue_log that tells of callers at all: without any, nothing is known of anybody's end.
-- grain: one row
-- owner: team:data
select
    count(logged_entered_at) > 0 as has_entries, -- Whether anybody is known to have entered a queue
from core._asterisk_calls
