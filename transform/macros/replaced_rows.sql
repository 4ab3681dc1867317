{# Rows of the model to replace before its new ones are put in, by what they belong to. #}
{% macro replaced_rows(scope) -%}
    {%- set accounts -%}
        account_id in (select account_id from intermediate.int_accounts_changed)
    {%- endset -%}
    {%- set customers -%}
        (stripe_account_id, customer_id) in (
            select (stripe_account_id, customer_id) from intermediate.int_customers_changed
        )
    {%- endset -%}
    {%- set month -%}
        month = (select current_month from staging.stg_pipeline__run_settings)
    {%- endset -%}
    {%- set states -%}
        exists (
            select 1 from staging.stg_pipeline__run_settings as run_settings
            where {{ history_is_open('history.int_mrr_states_kept') }} and (
                (
                    not is_estimated
                    and observed_at = run_settings.as_of
                    and (stripe_account_id, subscription_id) in (
                        select (stripe_account_id, subscription_id)
                        from intermediate.int_subscriptions_valued
                    )
                )
                or (
                    is_estimated
                    and run_settings.is_full
                    and stripe_account_id not in (
                        select earlier.stripe_account_id from history.int_mrr_states_kept as earlier
                        where not earlier.is_estimated and earlier.observed_at < run_settings.as_of
                    )
                )
            )
        )
    {%- endset -%}
    {{ return({
        'accounts': accounts,
        'customers': customers ~ ' or customer_id is null',
        'issues': accounts ~ ' or ' ~ customers ~ ' or (account_id is null and customer_id is null)',
        'touched_customers': customers | replace('int_customers_changed', 'int_customers_touched'),
        'accounts_this_month': month ~ ' and ' ~ accounts,
        'this_month': month,
        'states_of_this_moment': states,
        'nothing': 'false',
    }[scope]) }}
{%- endmacro %}


{# Whether this run may add to the history: not if a later moment was seen before. #}
{% macro history_is_open(states='kept_states') -%}
    (
        run_settings.as_of >= run_settings.kept_until
        and run_settings.as_of >= (
            select coalesce(max(all_states.observed_at), run_settings.as_of)
            from {{ states }} as all_states
        )
    )
{%- endmacro %}
