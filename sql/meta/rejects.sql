-- Lines that no row was made of, with the reason; letters and digits masked, their shape kept.
-- grain: one row per rejected line
-- owner: team:data
select
    r.source, -- Source
    r.name as file, -- Path below landing/
    r.line_number, -- Line within the file; 0: the whole file
    regexp_replace(r.reason, '[0-9][0-9 ./()-]{5,}[0-9]|[^ @]+@[^ @]+', '…', 'g') as reason, -- What is wrong
    regexp_replace(regexp_replace(r.text, '[0-9]', '9', 'g'), '\pL', 'x', 'g') as text, -- The line, masked
from raw.rejects as r
