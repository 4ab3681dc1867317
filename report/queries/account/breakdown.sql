-- MRR item by item: what each lists, what each discount takes off, what stays a month.
select
    plan_name,
    component,
    quantity,
    list_amount,
    billing_interval,
    interval_count,
    discount_name,
    discount_percent_off,
    discount_amount_off,
    currency,
    monthly_amount,
    excluded_because,
    subscription_id
from mrr_breakdown
where account_id = $account
order by subscription_id, subscription_item_id, step
