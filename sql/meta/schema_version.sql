-- Version of the published tables. Within a major version tables and columns are only added.
-- grain: one row
-- owner: team:data
select '1.0' as schema_version -- Major and minor version
