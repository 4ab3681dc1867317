-- The saved segments: accounts in each, how many more than 30 days ago (null: it was not judged
-- then), and how many came and went since.
with

earlier as (

    select
        segment_days.segment,
        arg_max(segment_days.members, segment_days.day) as members
    from segment_days
    inner join segments using (segment)
    where segment_days.day <= segments.judged_at::date - 30
    group by segment_days.segment

),

moves as (

    select
        segments.segment,
        count(*) filter (
            where segment_members.entered_at > segments.judged_at - interval 30 days
        ) as entered_in_30_days,
        count(*) filter (
            where segment_members.left_at > segments.judged_at - interval 30 days
        ) as left_in_30_days
    from segments
    left join segment_members using (segment)
    group by segments.segment

)

select
    segments.segment,
    segments.description,
    segments.members,
    segments.members - earlier.members as members_change_30_days,
    moves.entered_in_30_days,
    moves.left_in_30_days,
    segments.judged_at,
    segments.problem
from segments
inner join moves using (segment)
left join earlier using (segment)
order by segments.segment
