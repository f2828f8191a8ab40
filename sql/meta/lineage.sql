-- Where each published column comes from, one step back.
-- grain: one row per column and source column
-- owner: team:data
select
    table_name, -- Table
    column_name, -- Column
    from_table, -- Table it is made of
    from_column, -- Column it is made of
from build.lineage
