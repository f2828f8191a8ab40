-- The centre whose data this is, as callwright.toml says.
-- grain: one row
-- owner: team:data
select
    name, -- Name
    timezone, -- Time zone of business dates
    region, -- Default region of phone numbers
    currency, -- Currency of amounts
    minimum_n, -- Below this n a figure is shown greyed
    service_level_variant, -- The variant agreed where a target names none: sl_as_agreed
    interval_ownership, -- Which interval owns a contact
from settings.centre
