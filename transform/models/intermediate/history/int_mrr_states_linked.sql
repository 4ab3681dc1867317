-- Grain: subscription, moment: what was seen of each subscription that has, or had, to do with an
-- account to rebuild, as far as this run's `as_of`, with the account. A moment that was seen under
-- another key of the link is read through today's link.
with

states_kept as (

    select * from {{ ref('int_mrr_states_kept') }}

),

links_resolved as (

    select * from {{ ref('int_links_resolved') }}

),

accounts_to_rebuild as (

    select * from {{ ref('int_accounts_to_rebuild') }}

),

customers_to_rebuild as (

    select * from {{ ref('int_customers_to_rebuild') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

-- Those whose subscriptions have, or had, to do with an account to rebuild: a subscription never
-- moves to another customer. In a full build also those of accounts that no customer belongs to any
-- more. The states are named anew in each branch: a CTE that several read is written out whole
-- before they begin.
customers_seen as (

    select
        states_kept.stripe_account_id,
        states_kept.customer_id
    from {{ ref('int_mrr_states_kept') }} as states_kept
    inner join accounts_to_rebuild using (account_id)

    union distinct

    select
        stripe_account_id,
        customer_id
    from customers_to_rebuild

    union distinct

    select
        states_kept.stripe_account_id,
        states_kept.customer_id
    from {{ ref('int_mrr_states_kept') }} as states_kept
    cross join run_settings
    where run_settings.is_full

)

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
inner join customers_seen using (stripe_account_id, customer_id)
cross join run_settings
left join links_resolved
    on
        states_kept.stripe_account_id = links_resolved.stripe_account_id
        and states_kept.customer_id = links_resolved.customer_id
where states_kept.observed_at <= run_settings.as_of
