-- Of 100 points: 40 for paying, 20 each for a card that is good for another month, for no payment that
-- failed, and for seats that do not fall.
select
    accounts.account_id,
    cast(
        40 * cast(accounts.subscription_paying_count > 0 as integer)
        + 20 * cast(coalesce(accounts.card_expiration > run_settings.as_of + interval 30 days, false)
            as integer)
        + 20 * cast(not coalesce(accounts.delinquent, false) as integer)
        + 20 * cast(seats.seats_delta_30_days >= 0 as integer)
        as integer
    ) as health_score
from {{ ref('accounts') }} as accounts
inner join {{ ref('seats') }} as seats using (account_id)
cross join {{ ref('run_settings') }} as run_settings
