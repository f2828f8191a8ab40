-- Service-level targets with their validity; of those that match, the one with the highest rank holds.
-- grain: one row per target
-- owner: team:data
select
    queue, -- Queue; * is any
    channel, -- Channel; * is any
    valid_from, -- First local day
    valid_to, -- First local day on which later targets cover all of it; null: open
    rank, -- Order in callwright.toml; 0 holds where none matches
    sl_threshold_s, -- Threshold [unit: s]
    sl_comparator, -- <= or <
    sl_target_rate, -- Share that should be answered in time
    short_abandon_s, -- An abandon up to this wait is short [unit: s]
    sl_clock_start, -- Where the clock of the service level starts: queue (on entering it) or arrival (of the contact)
    interval_ownership, -- Which interval a visit counts in: arrival, event or disconnect
    service_level_variant, -- The variant of the service level that is agreed: a metric of meta.metrics
from settings.targets
