-- Every survey that names a contact names one that is there: an answer about an unknown contact is nobody's.
-- severity: warn
-- owner: team:data
select
    surveys.survey_key, -- survey
    surveys.contact_key, -- the contact that is missing
    surveys.kind, -- kind
from core.surveys as surveys
left join core.contacts as contacts on contacts.contact_key = surveys.contact_key
where surveys.contact_key is not null
    and contacts.contact_key is null
