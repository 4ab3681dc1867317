-- Its invoices, the newest first.
select
    invoice_id,
    number,
    status,
    total,
    amount_due,
    amount_paid,
    currency,
    created,
    paid_at,
    period_start,
    period_end,
    subscription_id,
    is_last_invoice
from invoices
where account_id = $account
order by created desc, invoice_id desc
