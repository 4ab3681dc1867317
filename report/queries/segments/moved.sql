-- Who came into one segment and who left it, the last first.
select
    moves.moved_at as at,
    moves.move,
    moves.account_id,
    accounts.name,
    accounts.all_mrr_normalized,
    accounts.all_mrr_currency
from (
    select entered_at as moved_at, 'entered' as move, account_id
    from segment_members where segment = $segment
    union all
    select left_at as moved_at, 'left' as move, account_id
    from segment_members where segment = $segment and left_at is not null
) as moves
left join accounts using (account_id)
order by moves.moved_at desc, moves.move, moves.account_id
