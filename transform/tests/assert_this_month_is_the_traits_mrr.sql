-- MRR of the month of `as_of` is the trait's, currency by currency: for the accounts of this build,
-- where the trait is known and nothing later was seen.
{{ config(tags=['each_refresh']) }}
with

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

kept_states as (

    select * from {{ ref('int_mrr_states_kept') }}

),

months as (

    select
        mrr_by_month.account_id,
        mrr_by_month.mrr,
        {{ map_value('traits.mrr_by_currency', 'mrr_by_month.currency') }} as trait
    from {{ ref('mrr_by_month') }} as mrr_by_month
    inner join {{ ref('int_accounts_changed') }} using (account_id)
    inner join {{ ref('multi_subscription_traits') }} as traits using (account_id)
    cross join run_settings
    where mrr_by_month.month = run_settings.current_month and {{ history_is_open() }}

)

select * from months
where trait is not null and mrr <> trait
