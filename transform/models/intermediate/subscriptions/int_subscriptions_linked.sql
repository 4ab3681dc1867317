-- Grain: one subscription to rebuild, with the account of its customer (null: unlinked). One whose
-- customer is gone is canceled: Stripe cancels it at once, even where that event was never seen.
with

subscriptions as (

    select * from {{ named_rows(
        ref('stg_stripe__subscriptions'), 'customer_id', ref('int_customers_to_rebuild')
    ) }}

),

customers_to_rebuild as (

    select * from {{ ref('int_customers_to_rebuild') }}

),

customers_linked as (

    select * from {{ ref('int_customers_linked') }}

)

select
    customers_to_rebuild.account_id,
    subscriptions.stripe_account_id,
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
    coalesce(
        subscriptions.ended_at, least(subscriptions.deleted_at, customers_linked.deleted_at)
    ) as ended_at,
    subscriptions.trial_start,
    subscriptions.trial_end,
    subscriptions.pause_collection_behavior,
    subscriptions.pause_collection_resumes_at,
    subscriptions.default_payment_method_id,
    subscriptions.default_source_id,
    subscriptions.collection_method,
    subscriptions.days_until_due,
    subscriptions.cancellation_reason,
    subscriptions.cancellation_feedback,
    subscriptions.cancellation_comment,
    subscriptions.read_at
from subscriptions
inner join customers_to_rebuild using (stripe_account_id, customer_id)
left join customers_linked using (stripe_account_id, customer_id)
