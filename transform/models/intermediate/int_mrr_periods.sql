-- Grain: account, subscription, moment: from when to when a subscription added how much to the MRR
-- of an account to rebuild, as far as this run's `as_of`. A moment that was seen under another key
-- of the link is read through today's link.
{{ config(materialized='view') }}
with

states_kept as (

    select * from {{ ref('int_mrr_states_kept') }}

),

links_resolved as (

    select * from {{ ref('int_links_resolved') }}

),

accounts_changed as (

    select * from {{ ref('int_accounts_changed') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

linked_states as (

    select
        states_kept.stripe_account_id,
        states_kept.subscription_id,
        states_kept.currency,
        states_kept.annual_amount,
        states_kept.observed_at,
        states_kept.is_estimated,
        case
            when
                coalesce(states_kept.account_id_metadata_key, '')
                = coalesce(run_settings.account_id_metadata_key, '')
                then states_kept.account_id
            else links_resolved.account_id
        end as account_id
    from states_kept
    cross join run_settings
    left join links_resolved
        on
            states_kept.stripe_account_id = links_resolved.stripe_account_id
            and states_kept.customer_id = links_resolved.customer_id
    where states_kept.observed_at <= run_settings.as_of

),

-- In a full build also accounts that no customer belongs to any more.
accounts as (

    select linked_states.account_id
    from linked_states
    cross join run_settings
    where run_settings.is_full and linked_states.account_id is not null

    union distinct

    select account_id from accounts_changed

),

changed_subscriptions as (

    select distinct
        linked_states.stripe_account_id,
        linked_states.subscription_id
    from linked_states
    inner join accounts using (account_id)

),

periods as (

    select
        linked_states.*,
        lead(linked_states.observed_at) over (
            partition by linked_states.stripe_account_id, linked_states.subscription_id
            order by linked_states.observed_at
        ) as observed_until
    from linked_states
    inner join changed_subscriptions using (stripe_account_id, subscription_id)

)

select periods.*
from periods
inner join accounts using (account_id)
