-- Grain: one account: its totals side by side. Nothing to sum is 0; a total that is not known, or
-- that would add currencies without a rate, stays null, with its parts in mrr_by_currency.
{{ config(materialized='view') }}
with

customers_chosen as (

    select * from {{ ref('int_customers_chosen') }}

),

totals_converted as (

    select * from {{ ref('int_totals_converted') }}

),

totals_by_currency_summed as (

    select * from {{ ref('int_totals_by_currency_summed') }}

),

totals as (

    select
        customers_chosen.account_id,
        {% for total in ['subscription_amounts_total', 'all_mrr', 'all_mrr_normalized'] %}
        case
            when max(case when totals_converted.total = '{{ total }}' then 1 end) is null
                then cast(0 as decimal(18, 3))
            else
                max(
                    case
                        when totals_converted.total = '{{ total }}' then totals_converted.amount
                    end
                )
        end as {{ total }},
        {% endfor %}
        max(
            case
                when
                    totals_converted.total = 'all_mrr_normalized'
                    and totals_converted.amount is not null
                    then totals_converted.currency
            end
        ) as all_mrr_currency
    from customers_chosen
    left join totals_converted on customers_chosen.account_id = totals_converted.account_id
    group by customers_chosen.account_id

),

currency_maps as (

    select
        account_id,
        {{ map_of('currency', rounded_major('amount', 'exponent')) }} as mrr_by_currency
    from totals_by_currency_summed
    where total = 'all_mrr_normalized'
    group by account_id

)

select
    totals.*,
    currency_maps.mrr_by_currency
from totals
left join currency_maps on totals.account_id = currency_maps.account_id
