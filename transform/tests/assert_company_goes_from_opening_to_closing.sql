-- The company's opening MRR and the sum of its movements is its closing MRR, each month, and each
-- opening is the closing of the month before.
select
    months.month,
    months.currency
from {{ ref('mrr_movements_by_month') }} as months
left join {{ ref('mrr_movements_by_month') }} as former
    on
        months.currency = former.currency
        and months.month = {{ month_after('former.month') }}
where
    months.opening_mrr + months.new_mrr + months.expansion_mrr + months.contraction_mrr
    + months.churn_mrr + months.reactivation_mrr + months.fx_mrr <> months.closing_mrr
    or months.opening_mrr <> coalesce(former.closing_mrr, 0)
