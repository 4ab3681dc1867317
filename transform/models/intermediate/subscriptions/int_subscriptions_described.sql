-- Grain: one subscription: its traits, amounts rounded once, in major units.
with

subscriptions_invoiced as (

    select * from {{ ref('int_subscriptions_invoiced') }}

),

renewals_selected as (

    select * from {{ ref('int_renewals_selected') }}

),

plans_listed as (

    select * from {{ ref('int_plans_listed') }}

)

select
    subscriptions_invoiced.*,
    case
        when not subscriptions_invoiced.is_live then false
        else
            coalesce(subscriptions_invoiced.cancel_at_period_end, false)
            or coalesce(
                subscriptions_invoiced.cancel_at <= renewals_selected.latest_period_end, false
            )
    end as is_canceling,
    renewals_selected.current_period_start,
    renewals_selected.current_period_end,
    renewals_selected.subscription_interval,
    plans_listed.plan_amounts,
    plans_listed.plan_ids,
    plans_listed.plan_names,
    {{ rounded_major('subscriptions_invoiced.amount', 'subscriptions_invoiced.exponent') }}
        as subscription_amount,
    {{ rounded_major(
        divide_exactly('subscriptions_invoiced.net_annual_amount', 12),
        'subscriptions_invoiced.exponent'
    ) }} as mrr_normalized
from subscriptions_invoiced
left join renewals_selected using (stripe_account_id, subscription_id)
left join plans_listed using (stripe_account_id, subscription_id)
