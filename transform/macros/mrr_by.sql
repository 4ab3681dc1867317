{#
Today's MRR by what is sold (`id`: a price or product), from `mrr_breakdown`: rounded once, null
where a part is not known. An account counts once, where it has MRR of it.
#}
{% macro mrr_by(id, names) -%}
with

mrr_breakdown as (

    select * from {{ ref('mrr_breakdown') }}

),

currency_exponents as (

    select * from {{ ref('currency_exponents') }}

),

account_amounts as (

    select
        stripe_account_id,
        {{ id }},
        currency,
        account_id,
        {%- for name in names %}
        min({{ name }}) as {{ name }},
        {%- endfor %}
        case when count(*) = count(monthly_amount) then sum(monthly_amount) end as mrr
    from mrr_breakdown
    where {{ id }} is not null
    group by stripe_account_id, {{ id }}, currency, account_id

),

amounts as (

    select
        stripe_account_id,
        {{ id }},
        currency,
        {%- for name in names %}
        min({{ name }}) as {{ name }},
        {%- endfor %}
        case when count(*) = count(mrr) then sum(mrr) end as mrr,
        cast(sum(case when mrr > 0 then 1 else 0 end) as bigint) as accounts,
        cast(sum(case when mrr is null then 1 else 0 end) as bigint) as accounts_without_mrr
    from account_amounts
    group by stripe_account_id, {{ id }}, currency

),

rounded_amounts as (

    select
        amounts.*,
        {{ rounded_to('amounts.mrr', 'coalesce(currency_exponents.exponent, 2)') }}
            as rounded_mrr
    from amounts
    left join currency_exponents using (currency)

)

select
    stripe_account_id,
    {{ id }},
    {%- for name in names %}
    {{ name }},
    {%- endfor %}
    currency,
    rounded_mrr as mrr,
    accounts,
    accounts_without_mrr,
    try_cast({{ ratio('rounded_mrr', 'accounts') }} as decimal(18, 3)) as arpa
from rounded_amounts
where accounts > 0 or accounts_without_mrr > 0
{%- endmacro %}
