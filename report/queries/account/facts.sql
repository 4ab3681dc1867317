-- What an account's lifecycle was made of.
select
    account_traits.has_paid,
    account_traits.unknown_amount,
    account_traits.subscribed_since,
    account_traits.trial_since,
    account_traits.trial_ends_at,
    account_traits.ended_at
from account_traits
where account_traits.account_id = $account
