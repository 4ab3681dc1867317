-- Grain: one subscription, with the account of its customer (null: unlinked). A subscription whose
-- customer is gone is canceled: Stripe cancels it at once, even where that event was never seen.
with

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

customers_linked as (

    select * from {{ ref('int_customers_linked') }}

)

select
    customers_linked.account_id,
    subscriptions.subscription_id,
    subscriptions.customer_id,
    subscriptions.created,
    case
        when subscriptions.status = 'incomplete_expired' then subscriptions.status
        when subscriptions.is_deleted or customers_linked.is_deleted then 'canceled'
        else subscriptions.status
    end as status,
    subscriptions.currency,
    subscriptions.cancel_at_period_end,
    subscriptions.cancel_at,
    subscriptions.canceled_at,
    subscriptions.ended_at,
    subscriptions.trial_start,
    subscriptions.trial_end,
    subscriptions.pause_collection_behavior,
    subscriptions.pause_collection_resumes_at,
    subscriptions.default_payment_method_id,
    subscriptions.default_source_id
from subscriptions
left join customers_linked on subscriptions.customer_id = customers_linked.customer_id
