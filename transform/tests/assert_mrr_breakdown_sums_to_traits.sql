-- The parts of each account's MRR, as rounded by a reader, are the trait, to the cent, in both
-- modes. Looks at the accounts of this build. Where items come to more together than can be
-- counted, the trait is null and data quality says why, although each item has its amount.
{{ config(tags=['each_refresh']) }}
with

too_large as (

    select distinct account_id
    from {{ ref('data_quality_affected') }}
    where issue = 'amount_too_large'

),

breakdown as (

    select mrr_breakdown.*
    from {{ named_rows(
        ref('mrr_breakdown'), 'account_id', ref('int_accounts_to_rebuild'), position='rowid'
    ) }} as mrr_breakdown
    inner join {{ ref('int_accounts_to_rebuild') }} using (account_id)
    left join too_large on mrr_breakdown.account_id = too_large.account_id
    where too_large.account_id is null

),

chosen_sums as (

    select
        account_id,
        max(currency) as currency,
        case when count(*) = count(monthly_amount) then sum(monthly_amount) end as monthly_amount
    from breakdown
    where is_chosen_subscription
    group by account_id

),

currency_sums as (

    select
        account_id,
        currency,
        case when count(*) = count(monthly_amount) then sum(monthly_amount) end as monthly_amount
    from breakdown
    group by account_id, currency

),

expected_sums as (

    select
        chosen_sums.*,
        single_subscription_traits.mrr_normalized as trait
    from chosen_sums
    inner join {{ ref('single_subscription_traits') }} as single_subscription_traits
        on chosen_sums.account_id = single_subscription_traits.account_id

    union all

    select
        currency_sums.*,
        {{ map_value('multi_subscription_traits.mrr_by_currency', 'currency_sums.currency') }}
            as trait
    from currency_sums
    inner join {{ ref('multi_subscription_traits') }} as multi_subscription_traits
        on currency_sums.account_id = multi_subscription_traits.account_id
    where currency_sums.monthly_amount <> 0

)

select expected_sums.*
from expected_sums
left join {{ ref('currency_exponents') }} as currency_exponents
    on expected_sums.currency = currency_exponents.currency
where
    expected_sums.trait is distinct from case coalesce(currency_exponents.exponent, 2)
        when 0 then cast(round(expected_sums.monthly_amount, 0) as decimal(18, 3))
        when 3 then cast(round(expected_sums.monthly_amount, 3) as decimal(18, 3))
        else cast(round(expected_sums.monthly_amount, 2) as decimal(18, 3))
    end
