-- Grain: one Stripe subscription.
select
    stripe_account_id,
    id as subscription_id,
    created,
    customer_id,
    status,
    lower(currency) as currency,
    cancel_at_period_end,
    cancel_at,
    canceled_at,
    ended_at,
    trial_start,
    trial_end,
    pause_collection_behavior,
    pause_collection_resumes_at,
    default_payment_method_id,
    default_source_id,
    collection_method,
    days_until_due,
    cancellation_reason,
    cancellation_feedback,
    cancellation_comment,
    deleted_at is not null as is_deleted,
    deleted_at,
    loaded_at
from {{ source('stripe', 'subscriptions') }}
where created is not null
