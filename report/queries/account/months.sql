-- MRR over the account's life, and what moved it.
select
    months.month,
    months.currency,
    months.mrr,
    movements.movement,
    movements.amount,
    months.is_estimated
from mrr_by_month as months
left join mrr_movements as movements
    on
        movements.account_id = $account
        and months.month = movements.month
        and months.currency = movements.currency
        and movements.movement <> 'fx'
where months.account_id = $account
order by months.month desc, months.currency
