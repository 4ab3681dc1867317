-- Grain: one account. The traits of accounts that have one subscription at a time.
{{ config(sliced_by='account_id', sliced_for='int_customers_to_rebuild') }}
with

customers_described as (

    select * from {{ ref('int_customers_described') }}

),

customers as (

    select * from {{ named_rows(
        ref('stg_stripe__customers'), 'customer_id', ref('int_customers_chosen')
    ) }}

),

subscriptions_described as (

    select * from {{ ref('int_subscriptions_described') }}

),

discounts_chosen as (

    select * from {{ ref('int_discounts_chosen') }}

),

last_invoices as (

    select * from {{ ref('int_invoices_ranked') }}
    where account_id is not null and rank_in_account = 1

)

select
    customers_described.account_id,
    customers_described.account_balance,
    subscriptions_described.is_canceling as cancel_at_period_end,
    subscriptions_described.canceled_at,
    customers_described.card_expiration,
    customers_described.created,
    customers_described.currency,
    subscriptions_described.current_period_end,
    subscriptions_described.current_period_start,
    subscriptions_described.current_subscription_status,
    customers_described.customer_id,
    customers_described.delinquent,
    discounts_chosen.discount_amount_off,
    discounts_chosen.discount_duration_in_months,
    discounts_chosen.discount_id,
    discounts_chosen.discount_name,
    discounts_chosen.discount_percent_off,
    customers_described.email,
    last_invoices.invoice_id as last_invoice_id,
    {{ major('last_invoices.total', 'last_invoices.exponent') }} as last_invoice_amount,
    last_invoices.created as last_invoice_timestamp,
    {{ map_of_json('customers.metadata_json') }} as metadata,
    case
        when not subscriptions_described.is_live then null
        when last_invoices.currency = subscriptions_described.currency
            then greatest(
                {{ major('last_invoices.total', 'last_invoices.exponent') }},
                subscriptions_described.subscription_amount
            )
        else subscriptions_described.subscription_amount
    end as mrr,
    customers_described.name,
    subscriptions_described.plan_amounts,
    subscriptions_described.plan_ids,
    subscriptions_described.plan_names,
    subscriptions_described.status,
    subscriptions_described.subscription_amount,
    subscriptions_described.subscription_id,
    subscriptions_described.subscription_interval,
    subscriptions_described.trial_start,
    subscriptions_described.trial_end,
    subscriptions_described.mrr_normalized,
    customers_described.stripe_account_id
from customers_described
inner join customers using (stripe_account_id, customer_id)
left join subscriptions_described using (stripe_account_id, subscription_id)
left join discounts_chosen
    on
        customers_described.stripe_account_id = discounts_chosen.stripe_account_id
        and coalesce(customers_described.subscription_id, customers_described.customer_id)
        = discounts_chosen.holder_id
left join last_invoices on customers_described.account_id = last_invoices.account_id
