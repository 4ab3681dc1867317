-- The accounts and objects behind one cause.
select
    affected.account_id,
    accounts.name,
    affected.affected_object,
    affected.affected_id,
    affected.currency,
    affected.mrr,
    affected.is_mrr_known,
    affected.subscription_id
from data_quality_affected as affected
left join accounts on affected.account_id = accounts.account_id
where affected.issue_id = $issue
order by affected.mrr desc nulls last, affected.affected_key
