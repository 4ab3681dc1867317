-- Accounts that churned within the last days, the last one first: why, and the MRR that went.
select
    accounts.churned_at,
    accounts.account_id,
    accounts.name,
    moved.currency,
    moved.amount as lost_mrr,
    accounts.churn_reason,
    accounts.churn_feedback,
    accounts.churn_comment,
    accounts.plan_names
from accounts
left join mrr_movements as moved
    on
        accounts.account_id = moved.account_id
        and moved.movement = 'churn'
        and date_trunc('month', accounts.churned_at) = moved.month
where
    accounts.churned_at <= $as_of
    and accounts.churned_at > $as_of - to_days($days)
order by accounts.churned_at desc, accounts.account_id, moved.currency
