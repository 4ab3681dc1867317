-- Grain: account, total, currency: the parts of each total in minor units, not yet rounded, and not
-- yet divided by the months of a year, for sums over currencies. Parts of 0 are left out: a free
-- subscription in another currency makes no total cross currencies.
with

subscriptions_invoiced as (

    select * from {{ ref('int_subscriptions_invoiced') }}

),

parts as (

    select
        account_id,
        'subscription_amounts_total' as total,
        currency,
        exponent,
        amount
    from subscriptions_invoiced
    where is_live

    union all

    select
        account_id,
        'all_mrr' as total,
        currency,
        exponent,
        case when net_annual_amount is not null then billed_amount end as amount
    from subscriptions_invoiced
    where is_paying

    union all

    select
        account_id,
        'all_mrr_normalized' as total,
        currency,
        exponent,
        net_annual_amount as amount
    from subscriptions_invoiced
    where counts_for_mrr

)

select
    account_id,
    total,
    currency,
    exponent,
    case total when 'all_mrr_normalized' then 12 else 1 end as divisor,
    {{ sum_of_known('amount') }} as undivided_amount,
    case
        when total = 'all_mrr_normalized'
            then {{ divide_exactly(sum_of_known('amount'), 12) }}
        else {{ sum_of_known('amount') }}
    end as amount
from parts
where account_id is not null and (amount is null or amount <> 0)
group by account_id, total, currency, exponent
