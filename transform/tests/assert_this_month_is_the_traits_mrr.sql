-- MRR of the month of `as_of` is the trait's, currency by currency: for the accounts of this build,
-- where nothing later was seen. Not where a subscription's amount is unknown: history goes on with
-- the last one, which may have been in another currency.
{{ config(tags=['each_refresh']) }}
with

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

kept_states as (

    select * from {{ ref('int_mrr_states_kept') }}

),

unknown_accounts as (

    select distinct account_id
    from {{ ref('int_subscriptions_valued') }}
    where net_annual_amount is null

),

months as (

    select
        mrr_by_month.account_id,
        mrr_by_month.mrr,
        {{ map_value('traits.mrr_by_currency', 'mrr_by_month.currency') }} as trait
    from {{ ref('mrr_by_month') }} as mrr_by_month
    inner join {{ ref('int_accounts_to_rebuild') }} using (account_id)
    inner join {{ ref('multi_subscription_traits') }} as traits using (account_id)
    left join unknown_accounts using (account_id)
    cross join run_settings
    where
        mrr_by_month.month = run_settings.current_month
        and unknown_accounts.account_id is null
        and {{ history_is_open('kept_states') }}

)

select * from months
where mrr <> coalesce(trait, 0)
