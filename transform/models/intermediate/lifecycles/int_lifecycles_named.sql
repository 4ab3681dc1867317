-- Grain: one account: trial, subscribed, churned or none, as Stripe's own traits tell it in this
-- mode. The account store says the same, unless an operator set its tracking otherwise.
{{ config(materialized='view') }}
with

lifecycles_dated as (

    select * from {{ ref('int_lifecycles_dated') }}

),

customers_chosen as (

    select * from {{ ref('int_customers_chosen') }}

),

subscriptions_listed as (

    select * from {{ ref('int_subscriptions_listed') }}

),

subscriptions_classified as (

    select * from {{ ref('int_subscriptions_classified') }}

),

last_endings_chosen as (

    select * from {{ ref('int_last_endings_chosen') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

statuses as (

    select
        lifecycles_dated.*,
        case
            when run_settings.multiple_subscriptions
                then case
                    when subscriptions_listed.subscription_paying_count > 0 then 'subscribed'
                    when subscriptions_listed.subscription_trialing_count > 0 then 'trial'
                    when lifecycles_dated.has_paid then 'churned'
                end
            when subscriptions_classified.current_subscription_status = 'active' then 'subscribed'
            when subscriptions_classified.current_subscription_status = 'trialing' then 'trial'
            -- Whoever never paid and left before the trial was over is not lost: they never came.
            when
                not lifecycles_dated.has_paid
                and lifecycles_dated.ended_at <= lifecycles_dated.trial_ends_at
                then null
            when subscriptions_classified.current_subscription_status = 'canceled' then 'churned'
        end as lifecycle_status
    from lifecycles_dated
    cross join run_settings
    inner join customers_chosen on lifecycles_dated.account_id = customers_chosen.account_id
    left join subscriptions_listed
        on lifecycles_dated.account_id = subscriptions_listed.account_id
    left join subscriptions_classified
        on
            customers_chosen.stripe_account_id = subscriptions_classified.stripe_account_id
            and customers_chosen.subscription_id = subscriptions_classified.subscription_id

)

select
    statuses.account_id,
    statuses.lifecycle_status,
    case statuses.lifecycle_status
        when 'subscribed' then statuses.subscribed_since
        when 'trial' then statuses.trial_since
        when 'churned' then statuses.ended_at
    end as status_since,
    case when statuses.lifecycle_status = 'churned' then statuses.ended_at end as churned_at,
    -- Null as `churned_at` is: an earlier one's reason would be the wrong one.
    {% for told in ['reason', 'feedback', 'comment'] %}
    case
        when statuses.lifecycle_status = 'churned' and statuses.ended_at is not null
            then last_endings_chosen.cancellation_{{ told }}
    end as churn_{{ told }},
    {% endfor %}
    statuses.has_paid
from statuses
left join last_endings_chosen on statuses.account_id = last_endings_chosen.account_id
