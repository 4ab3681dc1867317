-- Grain: one customer's id, known or not, of whom something changed since the last build: the
-- customer, a payment method, a subscription, a discount, an invoice. In a full build: all ids.
with

customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

unseen_customers as (

    select * from {{ ref('stg_stripe__unseen_customers') }}

),

invoices as (

    select * from {{ ref('stg_stripe__invoices') }}

),

payment_methods_changed as (

    select * from {{ ref('int_payment_methods_changed') }}

),

subscriptions_changed as (

    select * from {{ ref('int_subscriptions_changed') }}

),

subscriptions as (

    select * from {{ named_rows(
        ref('stg_stripe__subscriptions'), 'subscription_id', 'subscriptions_changed'
    ) }}

),

discounts_changed as (

    select * from {{ ref('int_discounts_changed') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

)

select
    stripe_account_id,
    customer_id
from customers
where {{ loaded_since_last_build('customers') }}
union distinct
select
    stripe_account_id,
    customer_id
from unseen_customers
where {{ loaded_since_last_build('unseen_customers') }}
union distinct
select
    stripe_account_id,
    customer_id
from payment_methods_changed
union distinct
select
    subscriptions.stripe_account_id,
    subscriptions.customer_id
from subscriptions
inner join subscriptions_changed using (stripe_account_id, subscription_id)
union distinct
select
    stripe_account_id,
    root_id as customer_id
from discounts_changed
where owner_type = 'customer'
union distinct
select
    stripe_account_id,
    customer_id
from invoices
where {{ loaded_since_last_build('invoices') }} and customer_id is not null
