-- Grain: one account: the traits of its customer, in major units.
{{ config(materialized='view') }}
with

customers_chosen as (

    select * from {{ ref('int_customers_chosen') }}

),

subscriptions_linked as (

    select * from {{ ref('int_subscriptions_linked') }}

),

invoices_ranked as (

    select * from {{ ref('int_invoices_ranked') }}

),

cards_chosen as (

    select * from {{ ref('int_cards_chosen') }}

),

currency_exponents as (

    select * from {{ ref('currency_exponents') }}

),

customers as (

    select
        customers_chosen.*,
        coalesce(
            customers_chosen.currency, subscriptions_linked.currency, invoices_ranked.currency
        ) as known_currency
    from customers_chosen
    left join subscriptions_linked using (stripe_account_id, subscription_id)
    left join invoices_ranked
        on
            customers_chosen.account_id = invoices_ranked.account_id
            and invoices_ranked.rank_in_account = 1

)

select
    customers.account_id,
    customers.stripe_account_id,
    {{ major('customers.balance', 'coalesce(currency_exponents.exponent, 2)') }}
        as account_balance,
    cards_chosen.card_expiration,
    customers.created,
    customers.known_currency as currency,
    customers.customer_id,
    customers.delinquent,
    customers.email,
    customers.name,
    customers.subscription_id
from customers
left join cards_chosen on customers.account_id = cards_chosen.account_id
left join currency_exponents on customers.known_currency = currency_exponents.currency
