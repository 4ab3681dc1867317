-- Grain: one subscription, canceled and unlinked ones too.
{{ config(replaces='customers') }}
with

subscriptions_described as (

    select * from {{ ref('int_subscriptions_described') }}

),

discounts_chosen as (

    select * from {{ ref('int_discounts_chosen') }}

),

open_invoices_summed as (

    select * from {{ ref('int_open_invoices_summed') }}

),

paid_subscriptions as (

    select * from {{ ref('int_paid_subscriptions_listed') }}

),

subscriptions_chosen as (

    select * from {{ ref('int_subscriptions_chosen') }}

)

select
    subscriptions_described.stripe_account_id,
    subscriptions_described.subscription_id,
    subscriptions_described.account_id,
    subscriptions_described.customer_id,
    subscriptions_chosen.subscription_id is not null as is_chosen_subscription,
    subscriptions_described.created,
    subscriptions_described.status,
    subscriptions_described.current_subscription_status,
    subscriptions_described.is_live,
    subscriptions_described.is_paying,
    subscriptions_described.is_trialing,
    paid_subscriptions.subscription_id is not null as has_paid,
    subscriptions_described.is_canceling as cancel_at_period_end,
    subscriptions_described.cancel_at,
    subscriptions_described.canceled_at,
    subscriptions_described.ended_at,
    subscriptions_described.cancellation_reason,
    subscriptions_described.cancellation_feedback,
    subscriptions_described.cancellation_comment,
    subscriptions_described.collection_method,
    subscriptions_described.days_until_due,
    subscriptions_described.trial_start,
    subscriptions_described.trial_end,
    subscriptions_described.current_period_start,
    subscriptions_described.current_period_end,
    subscriptions_described.subscription_interval,
    subscriptions_described.currency,
    subscriptions_described.subscription_amount,
    subscriptions_described.mrr_normalized,
    subscriptions_described.excluded_because as mrr_excluded_because,
    subscriptions_described.plan_ids,
    subscriptions_described.plan_names,
    subscriptions_described.plan_amounts,
    discounts_chosen.discount_id,
    discounts_chosen.discount_name,
    discounts_chosen.discount_percent_off,
    discounts_chosen.discount_amount_off,
    discounts_chosen.discount_duration_in_months,
    subscriptions_described.last_invoice_id,
    {{ major(
        'subscriptions_described.last_invoice_amount',
        'subscriptions_described.last_invoice_exponent'
    ) }} as last_invoice_amount,
    subscriptions_described.last_invoice_timestamp,
    coalesce(open_invoices_summed.open_invoice_count, 0) as open_invoice_count,
    case
        when open_invoices_summed.subscription_id is null then cast(0 as decimal(18, 3))
        else {{ rounded_major(
            'open_invoices_summed.open_amount', 'subscriptions_described.exponent'
        ) }}
    end as open_amount,
    open_invoices_summed.payment_attempt_count,
    open_invoices_summed.next_payment_attempt,
    open_invoices_summed.open_invoice_due_date
from subscriptions_described
left join subscriptions_chosen using (stripe_account_id, subscription_id)
left join paid_subscriptions using (stripe_account_id, subscription_id)
left join open_invoices_summed using (stripe_account_id, subscription_id)
left join discounts_chosen
    on
        subscriptions_described.stripe_account_id = discounts_chosen.stripe_account_id
        and subscriptions_described.subscription_id = discounts_chosen.holder_id
