-- Grain: subscription, moment at which its account or its net amount of a year became another one.
-- Kept for good: a closed month cannot be had again. Nothing is added once a later one was seen.
-- An amount that is not known stays as seen last, and moves with its subscription.
{{ config(materialized='kept', replaces='states_of_this_moment', history=true, schema='history') }}
with

valued as (

    select * from {{ ref('int_subscriptions_valued') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

earlier_states as (

    select kept_states.*
    from (
        {{ kept_rows({
            'stripe_account_id': text_type(), 'subscription_id': text_type(),
            'account_id': text_type(), 'currency': text_type(),
            'annual_amount': 'decimal(38, 12)', 'observed_at': 'timestamp',
            'is_estimated': 'boolean'
        }, history=true, key='subscription_id', keys='valued') }}
    ) as kept_states
    cross join run_settings
    where kept_states.observed_at < run_settings.as_of

),

last_states as (

    select
        earlier_states.*,
        row_number() over (
            partition by earlier_states.stripe_account_id, earlier_states.subscription_id
            order by earlier_states.observed_at desc
        ) as rank_by_moment
    from earlier_states
    inner join valued using (stripe_account_id, subscription_id)

),

observed_states as (

    select
        valued.stripe_account_id,
        valued.subscription_id,
        valued.customer_id,
        valued.account_id,
        case
            when valued.net_annual_amount is null then last_states.currency else valued.currency
        end as currency,
        coalesce(valued.net_annual_amount, last_states.annual_amount) as annual_amount,
        run_settings.as_of as observed_at,
        valued.net_annual_amount is null and last_states.is_estimated as is_estimated
    from valued
    cross join run_settings
    left join last_states
        on
            valued.stripe_account_id = last_states.stripe_account_id
            and valued.subscription_id = last_states.subscription_id
            and last_states.rank_by_moment = 1
    where
        coalesce(valued.net_annual_amount, last_states.annual_amount) is not null
        and (
            last_states.subscription_id is null
            or last_states.account_id is distinct from valued.account_id
            or last_states.annual_amount <> valued.net_annual_amount
            or (valued.net_annual_amount is not null and last_states.is_estimated)
            or (valued.net_annual_amount is not null and last_states.currency <> valued.currency)
        )

),

new_states as (

    select * from observed_states
    {% if not execute or is_full_build() %}
    union all
    select * from {{ ref('int_mrr_states_estimated') }}
    where
        stripe_account_id not in (
            select earlier_states.stripe_account_id from earlier_states
            where not earlier_states.is_estimated
        )
    {% endif %}

)

select
    new_states.*,
    run_settings.account_id_metadata_key
from new_states
cross join run_settings
where {{ history_is_open('(' ~ kept_rows({'observed_at': 'timestamp'}, history=true) ~ ')') }}
