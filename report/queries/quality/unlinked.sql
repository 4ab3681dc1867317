-- Customers that belong to no account, those with live subscriptions first.
select
    customer_id,
    name,
    email,
    live_subscription_count,
    reason,
    created,
    is_deleted
from unlinked_customers
order by live_subscription_count desc, created desc, customer_id
