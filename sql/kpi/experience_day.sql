-- What customers said, by day, as sums that may be added up.
-- grain: one row per local day, site, queue, channel and kind of survey
-- owner: team:data
select
    business_date, -- Local date of the contact, else of sending
    site, -- Site
    queue, -- Last queue of the contact
    channel, -- Channel
    kind, -- csat, nps or ces
    count(*) as sent_count, -- Surveys sent
    count(score) as answered_count, -- Surveys answered
    round(sum(score), 6) as score_sum, -- Sum of the scores
    cast(sum(case when is_top_two then 1 else 0 end) as bigint) as top_two_count, -- CSAT in the two best boxes
    cast(sum(case when is_bottom_two then 1 else 0 end) as bigint) as bottom_two_count, -- CSAT in the two worst boxes
    cast(sum(case when is_promoter then 1 else 0 end) as bigint) as promoter_count, -- NPS of 9 or 10
    cast(sum(case when is_detractor then 1 else 0 end) as bigint) as detractor_count, -- NPS of 0 to 6
from core.surveys
group by business_date, site, queue, channel, kind
