-- The saved segments: accounts in each, and how many came and went in the last 30 days.
select
    segments.segment,
    segments.description,
    segments.members,
    count(segment_members.account_id) filter (
        where segment_members.entered_at > segments.judged_at - interval 30 days
    ) as entered_in_30_days,
    count(segment_members.account_id) filter (
        where segment_members.left_at > segments.judged_at - interval 30 days
    ) as left_in_30_days,
    segments.judged_at,
    segments.problem
from segments
left join segment_members using (segment)
group by all
order by segments.segment
