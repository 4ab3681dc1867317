-- What the account paid at the end of the month before this one, and for how many full months it has
-- been a customer.
select
    accounts.account_id,
    mrr_by_month.mrr as mrr_last_month,
    cast(date_sub('month', accounts.created, run_settings.as_of) as integer) as months_as_customer
from {{ ref('accounts') }} as accounts
cross join {{ ref('run_settings') }} as run_settings
left join {{ ref('mrr_by_month') }} as mrr_by_month
    on
        accounts.account_id = mrr_by_month.account_id
        and accounts.all_mrr_currency = mrr_by_month.currency
        and mrr_by_month.month = date_trunc('month', run_settings.as_of) - interval 1 month
