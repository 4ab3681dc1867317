-- Its subscriptions, the newest first.
select
    subscription_id,
    status,
    plan_names,
    subscription_amount,
    mrr_normalized as mrr,
    currency,
    subscription_interval,
    current_period_end,
    trial_end,
    cancel_at_period_end,
    canceled_at,
    cancellation_reason,
    cancellation_feedback,
    cancellation_comment,
    open_invoice_count,
    open_amount,
    next_payment_attempt,
    collection_method,
    ended_at,
    discount_name,
    mrr_excluded_because,
    created,
    customer_id
from subscriptions
where account_id = $account
order by created desc, subscription_id desc
