-- Grain: one account. The traits of accounts that can have several subscriptions at a time.
with

customers_chosen as (

    select * from {{ ref('int_customers_chosen') }}

),

subscriptions_listed as (

    select * from {{ ref('int_subscriptions_listed') }}

),

last_invoices_listed as (

    select * from {{ ref('int_last_invoices_listed') }}

),

totals_pivoted as (

    select * from {{ ref('int_totals_pivoted') }}

)

select
    customers_chosen.account_id,
    coalesce(subscriptions_listed.subscription_ids, {{ empty_array('varchar') }})
        as subscription_ids,
    coalesce(subscriptions_listed.subscription_status, {{ empty_array('varchar') }})
        as subscription_status,
    coalesce(subscriptions_listed.subscription_paying_count, 0) as subscription_paying_count,
    coalesce(subscriptions_listed.subscription_trialing_count, 0) as subscription_trialing_count,
    totals_pivoted.subscription_amounts_total,
    coalesce(last_invoices_listed.last_invoice_ids, {{ empty_array('varchar') }})
        as last_invoice_ids,
    coalesce(last_invoices_listed.last_invoice_amounts, {{ empty_array('decimal(18, 3)') }})
        as last_invoice_amounts,
    totals_pivoted.all_mrr,
    totals_pivoted.all_mrr_normalized,
    totals_pivoted.all_mrr_currency,
    coalesce(totals_pivoted.mrr_by_currency, {{ empty_map('varchar', 'decimal(18, 3)') }})
        as mrr_by_currency
from customers_chosen
inner join totals_pivoted on customers_chosen.account_id = totals_pivoted.account_id
left join subscriptions_listed
    on customers_chosen.account_id = subscriptions_listed.account_id
left join last_invoices_listed
    on customers_chosen.account_id = last_invoices_listed.account_id
