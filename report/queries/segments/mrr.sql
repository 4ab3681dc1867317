-- MRR of each segment by currency, and its change in 30 days: null where that is not known.
with

days as (

    select
        segments.segment,
        arg_max(segment_days.mrr_by_currency, segment_days.day) as newest,
        arg_max(segment_days.mrr_by_currency, segment_days.day) filter (
            where segment_days.day <= segments.judged_at::date - 30
        ) as earlier
    from segments
    inner join segment_days using (segment)
    group by segments.segment

),

currencies as (

    select
        segment,
        newest,
        earlier,
        unnest(list_distinct(map_keys(newest) || coalesce(map_keys(earlier), []))) as currency
    from days

),

paid as (

    select
        segment_members.segment,
        part.key as currency,
        count(*) as accounts,
        count(*) filter (where part.value is null) as accounts_without_mrr,
        sum(part.value) as mrr
    from segment_members
    inner join (
        select account_id, unnest(map_entries(mrr_by_currency)) as part from accounts
    ) using (account_id)
    where segment_members.left_at is null
    group by segment_members.segment, part.key

)

select
    currencies.segment,
    currencies.currency,
    coalesce(paid.accounts, 0) as accounts,
    case when paid.segment is null then 0 else paid.mrr end as mrr,
    coalesce(paid.accounts_without_mrr, 0) as accounts_without_mrr,
    if(map_contains(newest, currency), newest[currency], 0)
    - case
        when map_contains(earlier, currency) then earlier[currency]
        when earlier is not null then 0
    end as mrr_change_30_days
from currencies
left join paid using (segment, currency)
where $segment::varchar is null or currencies.segment = $segment
order by currencies.segment, accounts desc, currencies.currency
