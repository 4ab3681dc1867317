-- How well revenue is kept, month by month, in one currency; where ChartMogul or Stripe define a
-- rate otherwise, theirs stands beside it.
select
    moved.month,
    moved.currency,
    rates.quick_ratio,
    moved.net_revenue_retention,
    moved.gross_revenue_retention,
    moved.account_churn_rate,
    rates.stripe_subscriber_churn_rate,
    rates.net_mrr_churn_rate,
    rates.chartmogul_net_mrr_churn_rate,
    rates.gross_mrr_churn_rate,
    moved.mrr_churn_rate,
    moved.arpa,
    rates.average_sale_price,
    moved.opening_accounts,
    moved.new_accounts,
    moved.reactivation_accounts,
    moved.churn_accounts,
    moved.closing_accounts,
    moved.is_estimated
from mrr_movements_by_month as moved
left join metrics_by_month as rates
    on moved.month = rates.month and moved.currency = rates.currency
where moved.currency = $currency
order by moved.month desc
