-- How many more seats are billed than thirty days ago; fewer are negative. A seat is one of an invoice
-- line's quantity, from the first moment of the line's period to its last.
with

moments as (

    select
        as_of as this_moment,
        as_of - interval 30 days as before
    from {{ ref('run_settings') }}

),

lines as (

    select
        invoices.account_id,
        lines.quantity,
        moments.this_moment >= lines.period_start and moments.this_moment < lines.period_end as is_now,
        moments.before >= lines.period_start and moments.before < lines.period_end as was_then
    from {{ ref('stg_stripe__invoice_lines') }} as lines
    inner join {{ ref('invoices') }} as invoices using (stripe_account_id, invoice_id)
    cross join moments
    where
        invoices.status = 'paid'
        and lines.subscription_id is not null
        and not lines.is_proration

)

select
    accounts.account_id,
    cast(
        coalesce(sum(lines.quantity) filter (where lines.is_now), 0)
        - coalesce(sum(lines.quantity) filter (where lines.was_then), 0)
        as bigint
    ) as seats_delta_30_days
from {{ ref('accounts') }} as accounts
left join lines using (account_id)
group by accounts.account_id
