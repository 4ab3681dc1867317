-- Grain: product, currency: MRR today of what is sold of it. What has a price that could not be
-- read is of no product that is known.
{{ config(replaces='everything') }}
{{ mrr_by('product_id', ['product_name'], is_counted='rank_in_product = 1') }}
