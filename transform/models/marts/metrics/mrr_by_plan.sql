-- Grain: price, currency: MRR today of what is sold at it.
{{ config(replaces='everything') }}
{{ mrr_by('price_id', ['plan_name', 'product_id', 'product_name'], is_counted='true') }}
