(
    contains(lower(accounts.name), lower($search))
    or contains(lower(accounts.email), lower($search))
    or contains(lower(accounts.account_id), lower($search))
    or contains(lower(accounts.customer_id), lower($search))
)
