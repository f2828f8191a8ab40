-- What customers speak of in their comments, week by week, and which of it is new or rises: against earlier weeks only, and
-- corrected for everything that was looked at. Order the new and rising ones of a week by p_value: the smallest comes first.
-- grain: one row per language, topic and week
-- owner: team:data
select
    language, -- Language of the comments: en or zh
    topic, -- Lasting name of the topic: a hash of its leading term, and of the week if it was found as new
    label, -- What is said in it, in up to three phrases
    found_date, -- Monday of the week in which it was found as new; null: there all year
    week_date, -- Monday of the week
    comment_count, -- Comments of the topic; a comment has one topic or none
    all_comment_count, -- All comments of the week in the language
    comment_rate, -- Share of the week's comments
    expected_comment_rate, -- Share in the weeks before, up to half a year; null: too few to tell
    p_value, -- Chance of so many comments or more if the share were as before; null: too few to tell
    adjusted_p_value, -- The same, corrected for all terms or topics that might have been found, in a year of weeks
    status, -- new (practically unseen before), rising, usual, or too few (comments to tell)
    answered_count, -- Comments of the topic that came with a CSAT score
    bottom_two_count, -- Of these, with one of the two worst boxes
from ml._voice_topics
