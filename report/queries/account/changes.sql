-- Every change of a trait: what it was, what was sent, when, and what the account store answered.
select
    "at",
    trait,
    old,
    case when trait is null then null else new end as new,
    op as operation,
    status,
    coalesce(error, reply) as answer,
    run_id
from sync_changelog
where account_id = $account
order by version desc, trait
