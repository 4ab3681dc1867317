-- Grain: subscription, reason: what may end the revenue of a subscription that pays, or keep one in
-- trial from paying. Amounts of a year, in minor units; null where not known.
{{ config(materialized='view') }}
with

subscriptions_described as (

    select * from {{ ref('int_subscriptions_described') }}

),

open_invoices_summed as (

    select * from {{ ref('int_open_invoices_summed') }}

),

payment_methods_chosen as (

    select * from {{ ref('int_subscription_payment_methods_chosen') }}

),

subscriptions as (

    select
        subscriptions_described.*,
        open_invoices_summed.next_payment_attempt,
        payment_methods_chosen.payment_method_id,
        payment_methods_chosen.card_expiration,
        subscriptions_described.is_canceling or subscriptions_described.cancel_at is not null
            as is_ending,
        coalesce(subscriptions_described.collection_method, 'charge_automatically')
        = 'charge_automatically' as is_charged
    from subscriptions_described
    left join open_invoices_summed using (stripe_account_id, subscription_id)
    left join payment_methods_chosen using (stripe_account_id, subscription_id)
    where subscriptions_described.account_id is not null

)
{% set card_expires = "card_expiration < cast(current_period_end as date)" %}
{% for reason, condition, happens_at, evidence in [
    ('past_due', "is_paying and status = 'past_due'", 'next_payment_attempt',
        "'subscription.status is past_due'"),
    ('canceling', 'is_paying and is_ending', 'coalesce(cancel_at, current_period_end)',
        "'subscription.cancel_at is ' || cast(cast(coalesce(cancel_at, current_period_end)"
        ~ " as date) as " ~ text_type() ~ ")"),
    ('card_expires', 'is_paying and is_charged and not is_ending and ' ~ card_expires,
        'current_period_end',
        "'payment_method.card expires on ' || cast(card_expiration as " ~ text_type() ~ ")"),
    ('trial_without_card', 'is_trialing and is_charged and not is_ending'
        ~ ' and payment_method_id is null and coalesce(prospective_annual_amount > 0, true)',
        'trial_end', "'no payment method is set on the subscription or its customer'"),
] %}
select
    account_id,
    stripe_account_id,
    subscription_id,
    created,
    '{{ reason }}' as reason,
    currency,
    exponent,
    {{ 'prospective_annual_amount' if reason == 'trial_without_card' else 'net_annual_amount' }}
        as annual_amount,
    {{ happens_at }} as happens_at,
    {{ evidence }} as evidence
from subscriptions
where {{ condition }}
{% if not loop.last %}union all{% endif %}
{%- endfor %}
