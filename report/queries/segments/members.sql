-- The accounts in one segment, those that came last first.
select
    segment_members.account_id,
    accounts.name,
    accounts.lifecycle_status,
    accounts.all_mrr_normalized,
    accounts.all_mrr_currency,
    segment_members.entered_at
from segment_members
left join accounts using (account_id)
where segment_members.segment = $segment and segment_members.left_at is null
order by segment_members.entered_at desc, segment_members.account_id
