-- From a topic to its comments: join core.surveys by survey_key to read them.
-- grain: one row per survey whose comment has a topic
-- owner: team:data
select
    cast(survey_key as uuid) as survey_key, -- Key of the survey
    language, -- Language that the comment was read in: en or zh
    topic, -- The topic, as in ml.voice_topics
    week_date, -- Monday of the week of the survey's business_date
from ml._voice_comments
