-- Accounts in one segment and their MRR in one currency, by the days on which it was judged; an
-- amount that is not known of one of them is null.
select
    day,
    $currency::varchar as currency,
    members,
    if(
        map_contains(mrr_by_currency, $currency::varchar),
        mrr_by_currency[$currency::varchar],
        0
    ) as mrr
from segment_days
where segment = $segment and $currency::varchar is not null
order by day desc
