-- Results of the data checks of the run that made this snapshot.
-- grain: one row per table and check
-- owner: team:data
select
    table_name, -- Table
    check_name, -- Check
    severity, -- fail prevents a publish, warn does not
    passed, -- Whether it held
    failing_count, -- Rows that broke it
    observed, -- What was seen
    checked_at, -- When
    meaning, -- What it checks, in a sentence
from build.check_results
