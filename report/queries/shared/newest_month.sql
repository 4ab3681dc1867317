-- The month that is not over yet.
select max(month) as month
from mrr_movements_by_month
