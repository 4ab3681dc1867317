-- Currencies of the months, that of the most accounts first.
select currency
from mrr_movements_by_month
group by currency
order by max_by(closing_accounts, month) desc, currency
