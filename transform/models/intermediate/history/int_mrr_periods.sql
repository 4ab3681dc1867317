-- Grain: account, subscription, moment: from when to when a subscription added how much to the MRR
-- of an account to rebuild, as far as this run's `as_of`.
{{ config(materialized='view') }}
with

states_linked as (

    select * from {{ ref('int_mrr_states_linked') }}

),

accounts_to_rebuild as (

    select * from {{ ref('int_accounts_to_rebuild') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

-- In a full build also accounts that no customer belongs to any more.
accounts as (

    select states_linked.account_id
    from states_linked
    cross join run_settings
    where run_settings.is_full and states_linked.account_id is not null

    union distinct

    select account_id from accounts_to_rebuild

),

periods as (

    select
        states_linked.*,
        lead(states_linked.observed_at) over (
            partition by states_linked.stripe_account_id, states_linked.subscription_id
            order by states_linked.observed_at
        ) as observed_until
    from states_linked

)

select periods.*
from periods
inner join accounts using (account_id)
