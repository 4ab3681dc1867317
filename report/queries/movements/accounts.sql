-- The accounts behind a bar: who moved in a month, by how much, and when.
with

setting as (

    select max(reporting_currency) as reporting_currency from accounts

)

select
    moved.account_id,
    accounts.name,
    moved.movement,
    coalesce(setting.reporting_currency, moved.currency) as currency,
    case
        when setting.reporting_currency is null then moved.amount
        else moved.reporting_amount
    end as amount,
    case
        when
            moved.movement = 'churn'
            and date_trunc('month', accounts.churned_at) = moved.month
            then accounts.churned_at
    end as churned_at,
    case
        when
            moved.movement in ('new', 'reactivation')
            and date_trunc('month', account_traits.subscribed_since) = moved.month
            then account_traits.subscribed_since
    end as subscribed_since,
    accounts.plan_names
from mrr_movements as moved
cross join setting
left join accounts on moved.account_id = accounts.account_id
left join account_traits on moved.account_id = account_traits.account_id
where
    moved.month = $month
    and coalesce(setting.reporting_currency, moved.currency) = $currency
    and ($movement is null or moved.movement = $movement)
order by abs(amount) desc nulls last, moved.account_id
