-- The dictionary: every column of the published tables.
-- grain: one row per table and column
-- owner: team:data
select
    table_name, -- Table, with its schema
    column_name, -- Column
    type, -- DuckDB type
    unit, -- Unit, where it has one
    description, -- What it means
    pii, -- Whether it can point to a person: yes, pseudonym or no
from build.columns
