{#
Today's MRR by what is sold (`id`: a price or product): rounded once, null where a part is not known.
`is_counted` says which of an account's rows counts the account.
#}
{% macro mrr_by(id, names, is_counted) -%}
with

account_plans as (

    select * from {{ ref('int_account_plans_summed') }}

),

sums as (

    select
        stripe_account_id,
        {{ id }},
        currency,
        {%- for name in names %}
        min({{ name }}) as {{ name }},
        {%- endfor %}
        {{ rounded_major(sum_of_known('monthly_amount'), 'min(exponent)') }} as mrr,
        cast(
            sum(case when monthly_amount > 0 and {{ is_counted }} then 1 else 0 end) as bigint
        ) as accounts,
        cast(
            sum(case when monthly_amount is null and {{ is_counted }} then 1 else 0 end) as bigint
        ) as accounts_without_mrr
    from account_plans
    where {{ id }} is not null
    group by stripe_account_id, {{ id }}, currency

)

select
    stripe_account_id,
    {{ id }},
    {%- for name in names %}
    {{ name }},
    {%- endfor %}
    currency,
    mrr,
    accounts,
    accounts_without_mrr,
    try_cast({{ ratio('mrr', 'accounts') }} as decimal(18, 3)) as arpa
from sums
where accounts > 0 or accounts_without_mrr > 0
{%- endmacro %}
