-- Every line of every file read is a row, was ignored with a reason, is a duplicate or was rejected.
-- severity: fail
-- table: meta.source_files
-- owner: team:data
select
    source, -- source
    name, -- file
    line_count, -- lines read
    row_count, -- rows
    ignored_count, -- lines ignored
    duplicate_count, -- duplicates
    rejected_count, -- lines rejected
from meta.source_files
where line_count is distinct from (row_count + ignored_count + duplicate_count + rejected_count)
