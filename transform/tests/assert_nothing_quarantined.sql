-- An object without a value that Stripe always sends is kept out. It warns, and does not stop the
-- build: the other accounts are right, and this one keeps its last good row.
{{ config(severity='warn') }}
select * from {{ ref('stg_stripe__quarantined_objects') }}
