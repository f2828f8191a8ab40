-- The publishes of this home, the newest last.
-- grain: one row per snapshot
-- owner: team:data
select
    snapshot, -- Snapshot; the file's name in serve/
    published_at, -- When it was made
    data_through_at, -- The last moment that its data tells of
    schema_version, -- Version of the published tables; additive within a major version
    run_id, -- Run that made it
    checks_passed_count, -- Checks passed
    checks_failed_count, -- Checks of severity warn that failed; a failing one of severity fail prevents the publish
    callwright_version, -- Version of Callwright
from build.publish
