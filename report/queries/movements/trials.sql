-- Trials that ended in a month, and how many of them were paid for since.
select
    month,
    currency,
    trials_ended,
    trials_converted,
    conversion_rate
from trial_conversions
where currency = $currency
order by month desc
