-- Grain: one account. What its lifecycle in the account store is made of beside the traits, as
-- Stripe says it now, so that a refresh and a first import say the same.
with

customers_chosen as (

    select * from {{ ref('int_customers_chosen') }}

),

subscriptions_invoiced as (

    select * from {{ ref('int_subscriptions_invoiced') }}

),

subscriptions_listed as (

    select * from {{ ref('int_subscriptions_listed') }}

),

churns_dated as (

    select * from {{ ref('int_churns_dated') }}

),

payments_dated as (

    select * from {{ ref('int_payments_dated') }}

),

payers as (

    select * from {{ ref('int_payers_listed') }}

),

totals_pivoted as (

    select * from {{ ref('int_totals_pivoted') }}

),

unknown_amounts_named as (

    select * from {{ ref('int_unknown_amounts_named') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

)

select
    customers_chosen.account_id,
    payers.account_id is not null as has_paid,
    case
        when
            case
                when run_settings.multiple_subscriptions then totals_pivoted.all_mrr is null
                else chosen_subscriptions.is_live and chosen_subscriptions.amount is null
            end
            then coalesce(unknown_amounts_named.unknown_amount, 'account, all_mrr')
    end as unknown_amount,
    payments_dated.subscribed_since,
    case
        when payments_dated.paid_until > subscriptions_listed.trial_since
            then payments_dated.paid_until
        else subscriptions_listed.trial_since
    end as trial_since,
    subscriptions_listed.trial_ends_at,
    churns_dated.ended_at
from customers_chosen
cross join run_settings
inner join totals_pivoted on customers_chosen.account_id = totals_pivoted.account_id
left join payers on customers_chosen.account_id = payers.account_id
left join unknown_amounts_named
    on customers_chosen.account_id = unknown_amounts_named.account_id
left join payments_dated on customers_chosen.account_id = payments_dated.account_id
left join subscriptions_listed on customers_chosen.account_id = subscriptions_listed.account_id
left join churns_dated on customers_chosen.account_id = churns_dated.account_id
left join subscriptions_invoiced as chosen_subscriptions
    on
        customers_chosen.stripe_account_id = chosen_subscriptions.stripe_account_id
        and customers_chosen.subscription_id = chosen_subscriptions.subscription_id
